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
        case "slow":
            result.verdict = Verdict(
                status: .timeExceeded, limit: LimitHit(name: .wall, allowed: 10, measured: 11, how: "timer"))
        case "compiled":
            var compile = CompileResult(verdict: Verdict(status: .succeeded, exitCode: 0))
            compile.usage.wall = .milliseconds(100)
            result.compile = compile
            (result.queued, result.startup) = (.milliseconds(3), .milliseconds(1))
            result.usage.wall = .milliseconds(5)
        case "files": result.files = [file].compactMap { $0 }
        case "pieces": result.stdout = await pieces(of: id, to: observer)
        case "much":
            let most = Array(repeating: UInt8(ascii: "a"), count: (256 << 10) - #"{"text":""}"#.utf8.count)
            for bytes in [most, [0xf0, 0x9f]] { await print(bytes, of: id, to: observer) }
        default: result.stdout = Array(code.utf8)
        }
        return result
    }

    func outcomeAddress(of request: RunRequest) -> String? {
        String(decoding: request.files.first?.content ?? [], as: UTF8.self)
    }

    private var file: CollectedFile? {
        (try? WorkspacePath(parsing: "a.txt")).map {
            CollectedFile(path: $0, content: Array("content".utf8), executable: false)
        }
    }

    private func print(_ bytes: [UInt8], of id: RunID, to observer: RunObserver?) async {
        let output = RunEvent.Output(stream: .stdout, bytes: bytes)
        await observer?(RunEvent(run: id, number: 0, time: 0, policy: "", payload: .output(output)))
    }

    /// Prints a character of four bytes in two pieces, and bytes that are no text.
    private func pieces(of id: RunID, to observer: RunObserver?) async -> [UInt8] {
        let pieces: [[UInt8]] = [
            Array("a\u{1F600}".utf8.prefix(3)), Array("a\u{1F600}".utf8.suffix(2)), [0xff, 0x0a],
        ]
        for bytes in pieces { await print(bytes, of: id, to: observer) }
        return pieces.flatMap { $0 }
    }
}
