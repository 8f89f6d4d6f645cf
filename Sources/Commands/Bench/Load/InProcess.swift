internal import Domain
internal import Glibc
internal import Posix
internal import Synchronization

/// The engine without a service around it.
enum InProcess {
    /// Warm runs by so many callers, each with one at a time, until a moment; the calling thread waits for them.
    static func rate(_ runner: any Runner, _ callers: Int, until end: Int64) -> Bench.Rate {
        let begun = Monotonic.now()
        let bell = Bell()
        let rope = bell.rope
        let outcome = Outcome()
        let task = Task {
            await withTaskGroup { group in
                for number in 0..<callers {
                    group.addTask { await repeated(runner, number, until: end) }
                }
                for await rate in group { outcome.rate.withLock { $0.add(rate) } }
            }
            var one: UInt8 = 1
            _ = write(rope, &one, 1)
        }
        var watched = pollfd(fd: bell.descriptor, events: Int16(POLLIN), revents: 0)
        while poll(&watched, 1, -1) < 0, errno == EINTR {}
        withExtendedLifetime(task) {}
        var rate = outcome.rate.withLock { $0 }
        rate.nanoseconds = Monotonic.now() - begun
        return rate
    }

    private static func repeated(_ runner: any Runner, _ number: Int, until end: Int64) async -> Bench.Rate {
        var rate = Bench.Rate()
        var request = ProbeRequest.make(language: "python", "print(\(number))", start: .warm)
        request.key = KeyID("bench")
        while Monotonic.now() < end {
            do throws(RequestError) {
                let result = try await runner.run(request, id: .now(), observer: nil)
                guard result.verdict.status == .succeeded else {
                    rate.failure = result.failure ?? result.verdict.status.rawValue
                    break
                }
                rate.runs += 1
            } catch {
                rate.failure = error.message
                break
            }
        }
        return rate
    }

    private final class Outcome: Sendable {
        let rate = Mutex(Bench.Rate())
    }
}
