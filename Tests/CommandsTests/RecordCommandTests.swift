@testable internal import Commands
internal import Testing

@Suite struct RecordCommandTests {
    @Test(arguments: [
        ("plain-1.2_~", "plain-1.2_~"), ("a b&c=d", "a%20b%26c%3Dd"), ("é\n", "%C3%A9%0A"),
        ("2026-11-21T01:02:03Z", "2026-11-21T01:02:03Z"),
    ])
    func `what goes into a query says what was meant`(_ text: String, _ escaped: String) {
        #expect(ServiceQuery.escaped(text) == escaped)
    }

    @Test func `keys are listed without what is missing`() {
        let answer = #"""
            {"keys":[{"id":"key_1","name":"ci","user":null,"scopes":["run","read"],"prefix":"dtm_12","revoked_at":"2026"}]}
            """#
        #expect(KeyReport.table(Array(answer.utf8)) == "key_1  dtm_12…  run,read  ci  revoked 2026")
        #expect(KeyReport.table(Array(#"{"keys":[]}"#.utf8)).contains("keys create"))
        #expect(KeyReport.secret(Array(#"{"secret":"dtm_x"}"#.utf8)) == "dtm_x")
    }

    @Test(arguments: [
        ["keys", "drop"], ["keys", "revoke"], ["keys", "list", "x"], ["keys", "create", "--daily-cpu", "x"],
        ["keys", "create", "--network", "perhaps"], ["audit"], ["audit", "forge"], ["audit", "verify", "x"],
    ])
    func `wrong words are wrong usage`(_ words: [String]) {
        let code = main(arguments: words, environment: [:]) { _ in fatalError("nothing runs") }
        #expect(code == ExitCode.wrongUsage)
    }

    @Test(arguments: [["keys"], ["audit", "verify"], ["audit", "export"]])
    func `without a service it says so`(_ words: [String]) {
        let code = main(arguments: words, environment: ["DIATOM_DATA": "/nonexistent"]) { _ in
            fatalError("nothing runs")
        }
        #expect(code == ExitCode.engineFailed)
    }
}
