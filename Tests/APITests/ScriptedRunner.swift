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
        case "refuse":
            var error = RequestError(.busy, "no room")
            error.retryAfter = .seconds(7)
            throw error
        case "wait": try? await Task.sleep(for: .milliseconds(30))
        case "hang":
            try? await Task.sleep(for: .seconds(60))
            result.verdict = Verdict(status: .cancelled)
        case "files": result.files = [file].compactMap { $0 }
        case "pieces": result.stdout = await pieces(of: id, to: observer)
        default: result.stdout = Array(code.utf8)
        }
        return result
    }

    private var file: CollectedFile? {
        (try? WorkspacePath(parsing: "a.txt")).map {
            CollectedFile(path: $0, content: Array("content".utf8), executable: false)
        }
    }

    /// Prints a character of four bytes in two pieces, and bytes that are no text.
    private func pieces(of id: RunID, to observer: RunObserver?) async -> [UInt8] {
        let pieces: [[UInt8]] = [
            Array("a\u{1F600}".utf8.prefix(3)), Array("a\u{1F600}".utf8.suffix(2)), [0xff, 0x0a],
        ]
        for (number, bytes) in pieces.enumerated() {
            let output = RunEvent.Output(stream: .stdout, bytes: bytes)
            await observer?(RunEvent(run: id, number: number, time: 0, policy: "", payload: .output(output)))
        }
        return pieces.flatMap { $0 }
    }
}
