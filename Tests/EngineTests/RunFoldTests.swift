internal import Domain
@testable internal import Engine
internal import Testing

struct RunFoldTests {
    private static let receipt = Receipt(
        layers: ["user"], policy: "p", hostUser: .own, start: .forked, memory: "control group")

    private static func event(_ payload: RunEvent.Payload) -> RunEvent {
        RunEvent(run: .now(), number: 0, time: 1, policy: "p", payload: payload)
    }

    private static func output(_ stream: RunEvent.Output.Stream, _ text: String) -> RunEvent {
        event(.output(RunEvent.Output(stream: stream, bytes: Array(text.utf8))))
    }

    @Test func `a result is what the events say, piece by piece`() throws {
        let id = RunID.now()
        var fold = RunFold(id: id, language: "c", detected: true)
        #expect(fold.result.verdict.status == .engineFailed, "nothing is known yet")
        var compile = CompileResult(verdict: Verdict(status: .succeeded, exitCode: 0))
        compile.stderr = Array("warning".utf8)
        let file = CollectedFile(path: try WorkspacePath(parsing: "f"), content: [1], executable: true)
        var usage = Usage()
        usage.wall = .milliseconds(5)
        var finished = RunEvent.Finished(verdict: Verdict(status: .outputExceeded, signal: 9), usage: usage)
        finished.stderrCut = true
        let events = [
            Self.event(.started(RunEvent.Started(step: .compile, receipt: Self.receipt))),
            Self.event(.compiled(compile)),
            Self.event(.started(RunEvent.Started(step: .run, receipt: Self.receipt))),
            Self.output(.stdout, "a"),
            Self.output(.stderr, "x"), Self.output(.stdout, "b"), Self.event(.file(file)),
            Self.event(.filesLeftOut(count: 3, reason: "too many")),
        ]
        for event in events { fold.take(event) }
        #expect(!fold.isFinished)
        fold.take(Self.event(.finished(finished)))
        #expect(fold.isFinished)
        let result = fold.result
        #expect(result.id == id && result.language == "c" && result.detected)
        #expect(result.out == "ab" && result.err == "x")
        #expect(result.compile == compile && result.files == [file])
        #expect(result.filesLeftOut == 3 && result.filesLeftOutReason == "too many")
        #expect(result.verdict == Verdict(status: .outputExceeded, signal: 9) && result.usage == usage)
        #expect(!result.stdoutCut && result.stderrCut)
    }
}
