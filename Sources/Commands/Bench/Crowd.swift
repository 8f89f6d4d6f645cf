internal import Glibc
internal import Posix
internal import Synchronization

/// Threads that do the same at the same time.
enum Crowd {
    /// Runs the body in so many threads of their own and waits for all of them.
    static func run<Value: Sendable>(
        _ count: Int, _ body: @escaping @Sendable (Int) -> Value
    ) -> [Value] {
        let results = Results<Value>()
        let bell = Bell()
        let rope = bell.rope
        for index in 0..<count {
            startThread(name: "bench-\(index)") {
                let value = body(index)
                results.values.withLock { $0.append(value) }
                var one: UInt8 = 1
                _ = write(rope, &one, 1)
            }
        }
        while results.values.withLock({ $0.count }) < count {
            var watched = pollfd(fd: bell.descriptor, events: Int16(POLLIN), revents: 0)
            poll(&watched, 1, 100)
            bell.silence()
        }
        return results.values.withLock { $0 }
    }

    private final class Results<Value: Sendable>: Sendable {
        let values = Mutex<[Value]>([])
    }
}
