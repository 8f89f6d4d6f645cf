internal import Domain
internal import Posix
internal import Synchronization

/// Looks names up on threads of its own, a few at a time.
final class Lookups: Sendable {
    typealias Answer = @Sendable ([IPAddress]) -> Void

    private struct State {
        var waiting: [(name: String, answer: Answer)] = []
        var threads = 0
    }

    private static let mostThreads = 16

    private let resolver: any NameResolver
    private let state = Mutex(State())

    init(_ resolver: any NameResolver) { self.resolver = resolver }

    /// The answer comes on another thread.
    func find(_ name: String, _ answer: @escaping Answer) {
        let needsThread = state.withLock { state in
            state.waiting.append((name, answer))
            guard state.threads < Self.mostThreads else { return false }
            state.threads += 1
            return true
        }
        if needsThread { startThread(name: "egress-names") { self.work() } }
    }

    private func work() {
        while true {
            let next = state.withLock { state -> (name: String, answer: Answer)? in
                guard !state.waiting.isEmpty else {
                    state.threads -= 1
                    return nil
                }
                return state.waiting.removeFirst()
            }
            guard let next else { return }
            next.answer(resolver.addresses(of: next.name))
        }
    }
}
