internal import API
internal import Domain
internal import Synchronization

/// Answers by what the code says: at once, after `sleep`, or never before it is cancelled (`hang`).
final class TestRunner: Runner {
    let started = Atomic(0)
    let cancelled = Atomic(0)

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
        case "deaf":
            let task = Task { try? await Task.sleep(for: .seconds(60)) }
            _ = await task.value
        default: result.stdout = Array(code.utf8)
        }
        return result
    }
}

struct TestLanguages: LanguageDirectory {
    func defaultEntry(for nameOrAlias: String) -> WorkspacePath? {
        nameOrAlias == "python" ? try? WorkspacePath(parsing: "main.py") : nil
    }

    func id(of nameOrAlias: String) -> String? { nameOrAlias == "python" ? "python" : nil }

    let listing: [LanguageListing] = []
}
