import API
@testable import Commands
import Domain
import Testing

struct RunResultReaderTests {
    @Test func `what the API writes is what the command line reads`() throws {
        var result = RunResult(
            id: .now(), verdict: Verdict(status: .memoryExceeded, exitCode: nil, signal: 9), language: "c",
            created: 0)
        result.version = "12.2.0"
        result.verdict.limit = LimitHit(
            name: .memory, allowed: 512, measured: 511.5, how: "control group OOM kill")
        result.stdout = [0xff, 0xfe]
        result.stderr = Array("ü\n".utf8)
        var compile = CompileResult(verdict: Verdict(status: .succeeded, exitCode: 0))
        compile.stderr = Array("warning".utf8)
        compile.cached = true
        result.compile = compile
        result.results = [
            RichResult(forms: [
                RichResult.Form(type: "text/plain", json: Array(#""1 \"é\"""#.utf8)),
                RichResult.Form(
                    type: "application/vnd.diatom.table+json", json: Array(#"{"rows":[[1,null]]}"#.utf8)),
            ])
        ]
        var run = RunResult(
            id: result.id, verdict: Verdict(status: .failed, exitCode: 3), language: "c", created: 0)
        run.stdout = Array("4\n".utf8)
        run.usage.cpu = .microseconds(700)
        run.results = result.results
        result.runs = [run, run]
        result.usage.wall = .microseconds(1_900)
        result.usage.memoryPeak = ByteCount(bytes: 9_437_184)
        result.usage.systemCalls = ["read": 3]
        result.files = [
            CollectedFile(path: try WorkspacePath(parsing: "a/b.png"), content: [1, 2, 3], executable: false)
        ]
        result.receipt = Receipt(
            layers: ["user", "pid"], policy: "sha256:1", hostUser: .own, start: .exec, memory: "control group"
        )
        result.receipt?.network = NetworkPolicy(allow: [
            try .init(parsing: "example.org:443"), try .init(parsing: "*.a.example:1"),
        ])
        var use = NetworkUse()
        (use.connections, use.failed, use.denied) = (5, 1, 3)
        (use.sent, use.received) = (ByteCount(bytes: 7), ByteCount(bytes: 9))
        use.denials = NetworkDenial.Reason.allCases.map { NetworkDenial(target: "a.example:1", reason: $0) }
        result.network = use
        result.runs[0].network = use
        let whole = try #require(read(RunResultEncoder.encode(result)))
        #expect(whole == result)
    }

    @Test(arguments: [
        "", "{}", "[]", #"{"status": "odd", "language": "c"}"#, #"{"status": "succeeded"}"#,
        #"{"status": "succeeded", "language": "c", "files": [{"path": "../x", "content": {"base64": ""}}]}"#,
        #"{"status": "succeeded", "language": "c", "files": 3}"#,
    ])
    func `an answer that is no result is none`(_ json: String) {
        #expect(read(Array(json.utf8)) == nil)
    }

    private func read(_ json: [UInt8]) -> RunResult? {
        var reader = RunEventReader { _, _ in true }
        do throws(RunBackend.Failure) {
            try reader.take(json)
            return try reader.end()
        } catch { return nil }
    }
}
