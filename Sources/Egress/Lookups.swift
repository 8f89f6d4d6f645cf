internal import Domain
internal import Posix
internal import Synchronization

/// Looks names up on threads of its own, a few at a time, and of one run fewer than that.
final class Lookups: Sendable {
    typealias Answer = @Sendable ([IPAddress]) -> Void

    private struct Search {
        var name: String
        var owner: ObjectIdentifier
        var answer: Answer
    }

    private struct State {
        var waiting: [Search] = []
        var running: [ObjectIdentifier: Int] = [:]
        var threads = 0

        /// What comes next and whose run has not enough of them under way.
        mutating func next() -> Search? {
            let most = Lookups.mostOfOne
            guard let index = waiting.firstIndex(where: { running[$0.owner, default: 0] < most }) else {
                return nil
            }
            let search = waiting.remove(at: index)
            running[search.owner, default: 0] += 1
            return search
        }

        mutating func ended(_ owner: ObjectIdentifier) {
            running[owner] = running[owner].flatMap { $0 > 1 ? $0 - 1 : nil }
        }
    }

    /// A name server that answers slowly may be the guest's accomplice; it is to hold up nobody else.
    private static let mostThreads = 64
    private static let mostOfOne = 4

    private let resolver: any NameResolver
    private let state = Mutex(State())

    init(_ resolver: any NameResolver) { self.resolver = resolver }

    /// The answer comes on another thread.
    func find(_ name: String, for owner: EgressSession, _ answer: @escaping Answer) {
        let search = Search(name: name, owner: ObjectIdentifier(owner), answer: answer)
        let needsThread = state.withLock { state in
            state.waiting.append(search)
            guard state.threads < Self.mostThreads else { return false }
            state.threads += 1
            return true
        }
        if needsThread { startThread(name: "egress-names") { self.work() } }
    }

    /// Takes back what has not begun.
    func forget(_ owner: EgressSession) {
        state.withLock { $0.waiting.removeAll { $0.owner == ObjectIdentifier(owner) } }
    }

    private func work() {
        var last: ObjectIdentifier?
        while true {
            let search = state.withLock { state -> Search? in
                if let last { state.ended(last) }
                let next = state.next()
                if next == nil { state.threads -= 1 }
                return next
            }
            guard let search else { return }
            search.answer(resolver.addresses(of: search.name))
            last = search.owner
        }
    }
}
