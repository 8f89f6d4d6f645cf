internal import Domain
internal import Testing

/// SQL is forked from a host that has a database open: what its children must not share.
@Suite(.needsSandboxes, .timeLimit(.minutes(2)))
struct SQLTests {
    @Test func `random numbers differ between warm runs`() async throws {
        var seen: Set<String> = []
        for _ in 0..<6 {
            let result = try await Lab.run("SELECT random(), hex(randomblob(8))", "sqlite")
            #expect(result.verdict.status == .succeeded, result.account)
            #expect(result.receipt?.start == .forked)
            seen.insert(result.out)
        }
        #expect(seen.count == 6, "\(seen)")
    }

    @Test func `a table of one run is not in the next`() async throws {
        let left =
            "CREATE TABLE t (a); INSERT INTO t VALUES (1); PRAGMA user_version = 7; SELECT count(*) FROM t"
        let look = "SELECT count(*) FROM sqlite_schema; PRAGMA user_version; SELECT total_changes()"
        for _ in 0..<3 {
            #expect(try await Lab.run(left, "sqlite").verdict.status == .succeeded)
            let result = try await Lab.run(look, "sqlite")
            #expect(result.out.split(separator: "\n").filter { $0 == "0" }.count == 3, result.account)
        }
    }

    @Test(arguments: Lab.starts)
    func `files, arguments, input and errors are the same warm and fresh`(_ start: RunRequest.Start)
        async throws
    {
        let result = try await Lab.run(
            "SELECT sum(n) FROM d; SELECT value FROM args; SELECT nope", "sqlite", start: start
        ) {
            $0.files.append(
                SourceFile(path: try WorkspacePath(parsing: "d.csv"), content: Array("n\n3\n4\n".utf8)))
            $0.entry = "main.sql"
            $0.args = [Array("one".utf8)]
        }
        #expect(result.verdict.exitCode == 1, result.account)
        #expect(result.out.contains("7") && result.out.contains("one"), result.account)
        #expect(result.error?.line == 1 && result.error?.column == 54, result.account)
        #expect(result.error?.name == "OperationalError")
        #expect(result.receipt?.start == (start == .warm ? .forked : .exec))
    }
}
