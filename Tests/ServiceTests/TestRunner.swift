internal import API
internal import Domain
internal import Synchronization

/// Answers by what the code says: at once, after `sleep`, or never before it is cancelled (`hang`).
final class TestRunner: Runner {
    let started = Atomic(0)
    let cancelled = Atomic(0)
    let finished = Atomic(0)
    /// Lets `tick` print its second line.
    let goOn = Atomic(false)
    /// How many pieces of `flood` were taken.
    let pieces = Atomic(0)
    static let floodPieces = 64
    static let floodPiece = 64 << 10

    func run(
        _ request: RunRequest, id: RunID, observer: RunObserver?
    ) async throws(RequestError) -> RunResult {
        started.add(1, ordering: .relaxed)
        let code = String(decoding: request.files.first?.content ?? [], as: UTF8.self)
        var result = RunResult(
            id: id, verdict: Verdict(status: .succeeded, exitCode: 0), language: "python",
            created: WallClock.now())
        switch code {
        case "refuse": throw RequestError(.notInstalled, "python: not installed")
        case "sleep": try? await Task.sleep(for: .milliseconds(50))
        case "hang":
            try? await Task.sleep(for: .seconds(60))
            cancelled.add(1, ordering: .relaxed)
            result.verdict = Verdict(status: .cancelled)
        case "tick":
            await observer?(Self.output("tick 0", of: id))
            while !goOn.load(ordering: .relaxed), !Task.isCancelled {
                try? await Task.sleep(for: .milliseconds(5))
            }
            await observer?(Self.output("tick 1", of: id))
            if Task.isCancelled {
                cancelled.add(1, ordering: .relaxed)
                result.verdict = Verdict(status: .cancelled)
            }
        case "flood":
            for _ in 0..<Self.floodPieces {
                await observer?(Self.output(String(repeating: "x", count: Self.floodPiece), of: id))
                pieces.add(1, ordering: .relaxed)
            }
        case "deaf":
            let task = Task { try? await Task.sleep(for: .seconds(60)) }
            _ = await task.value
        default: result.stdout = Array(code.utf8)
        }
        finished.add(1, ordering: .relaxed)
        return result
    }

    private static func output(_ text: String, of id: RunID) -> RunEvent {
        RunEvent(
            run: id, number: 0, time: 0, policy: "",
            payload: .output(RunEvent.Output(stream: .stdout, bytes: Array(text.utf8))))
    }
}

struct TestLanguages: LanguageDirectory {
    func defaultEntry(for nameOrAlias: String) -> WorkspacePath? {
        nameOrAlias == "python" ? try? WorkspacePath(parsing: "main.py") : nil
    }

    func id(of nameOrAlias: String) -> String? { nameOrAlias == "python" ? "python" : nil }

    let listing: [LanguageListing] = []
}
