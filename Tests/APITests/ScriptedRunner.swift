internal import API
internal import Domain
internal import Synchronization

/// Does what the code says: `hang` waits for its cancellation, `refuse` is refused, all else is printed.
final class ScriptedRunner: Runner {
    let runs = Atomic(0)

    func run(
        _ request: RunRequest, id: RunID, observer: RunObserver?
    ) async throws(RequestError) -> RunResult {
        runs.add(1, ordering: .relaxed)
        let code = String(decoding: request.files.first?.content ?? [], as: UTF8.self)
        var result = RunResult(
            id: id, verdict: Verdict(status: .succeeded, exitCode: 0), language: "python",
            created: WallClock.now())
        switch code {
        case "refuse": throw RequestError(.busy, "no room")
        case "wait": try? await Task.sleep(for: .milliseconds(30))
        case "hang":
            try? await Task.sleep(for: .seconds(60))
            result.verdict = Verdict(status: .cancelled)
        default: result.stdout = Array(code.utf8)
        }
        return result
    }
}
