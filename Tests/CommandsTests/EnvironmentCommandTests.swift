@testable import Commands
import Domain
import Languages
import Testing

@Suite(.timeLimit(.minutes(1)))
struct EnvironmentCommandTests {
    private func run(_ words: [String]) -> Int32 {
        Commands.main(
            arguments: ["env"] + words, environment: ["DIATOM_DATA": "/nonexistent"],
            makeRunner: { (_) throws(RequestError) in throw RequestError(.isolationUnavailable, "none") })
    }

    @Test(arguments: [
        ["build"], ["build", "--", "-r x"], ["build", "https://x.example/x.whl"], ["build", "./x"], ["show"],
        ["show", "a", "b"],
        ["remove"], ["list", "x"], ["gc", "x"], ["gc", "--most-mb", "-1"], ["build", "numpy", "--verify"],
        ["show", "a", "--most-mb", "1"],
        ["list", "-r", "x"], ["build", "-r", "/nonexistent"], ["other"],
    ])
    func `a line that cannot be meant is wrong usage`(_ words: [String]) {
        #expect(run(words) == ExitCode.wrongUsage, "\(words)")
    }

    @Test(arguments: [
        ["list"], [], ["build", "numpy>=2"], ["gc"], ["show", String(repeating: "a", count: 32)],
    ])
    func `a machine without sandboxes is the engine's failure`(_ words: [String]) {
        #expect(run(words) == ExitCode.engineFailed, "\(words)")
    }

    @Test func `libraries of a command line are names, and reach a service`() throws {
        let words = [
            "-l", "python", "-c", "1", "--library", "NumPy", "--library", "pandas >= 2", "--build-libraries",
        ]
        let plan = try RunPlan(
            try ParsedArguments(words, options: RunFlags.all), catalogue: LanguageCatalogue())
        #expect(plan.request.libraries.map(\.description) == ["numpy", "pandas>=2"])
        #expect(plan.request.buildsLibraries)
        let json = String(decoding: RunRequestWriter.json(of: plan.request), as: UTF8.self)
        #expect(json.contains(#""libraries":["numpy","pandas>=2"],"build":true"#))
        #expect(throws: UsageError.self) {
            let words = ["-l", "python", "-c", "1", "--library", "--index-url=https://x.example"]
            return try RunPlan(
                try ParsedArguments(words, options: RunFlags.all), catalogue: LanguageCatalogue())
        }
    }

    @Test func `an answer is shown as a table and in detail`() {
        let id = String(repeating: "a", count: 32)
        let one =
            #"{"id":"\#(id)","state":"ready","libraries":["numpy==2.0"],"size_bytes":1048576,"used_at":"2026-01-02T03:04:05.000Z"}"#
        let table = EnvironmentReport.table(Array("{\"environments\":[\(one)]}".utf8))
        #expect(table.contains("aaaaaaaaaaaa  ready  1.0 MB  2026-01-02T03:04  numpy==2.0"))
        #expect(EnvironmentReport.ids(Array("{\"environments\":[\(one)]}".utf8)) == [id])
        #expect(EnvironmentReport.table(Array(#"{"environments":[]}"#.utf8)).contains("no environments yet"))
        #expect(EnvironmentReport.details(Array(one.utf8)).contains("1.0 MB"))
        #expect(EnvironmentReport.isDamaged(Array(#"{"state":"damaged"}"#.utf8)))
    }
}
