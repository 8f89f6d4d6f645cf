internal import Domain
internal import Synchronization

/// What one run has made of its network so far, and who is told of what it was refused.
final class EgressCounts: Sendable {
    private struct State {
        var use = NetworkUse()
        var named: Set<NetworkDenial> = []
    }

    /// Denials that are told one by one; the rest is only counted.
    private static let mostTold = 100

    private let tell: @Sendable (NetworkDenial) -> Void
    private let state = Mutex(State())

    init(_ tell: @escaping @Sendable (NetworkDenial) -> Void) { self.tell = tell }

    var use: NetworkUse { state.withLock { $0.use } }

    func connected() { state.withLock { $0.use.connections += 1 } }

    func failed() { state.withLock { $0.use.failed += 1 } }

    /// Returns: All bytes so far.
    func moved(sent: Int, received: Int) -> Int {
        state.withLock { state in
            state.use.sent.bytes += sent
            state.use.received.bytes += received
            return state.use.sent.bytes + state.use.received.bytes
        }
    }

    func denied(_ target: String, _ reason: NetworkDenial.Reason) {
        let denial = NetworkDenial(target: target, reason: reason)
        let isNews = state.withLock { state in
            state.use.denied += 1
            guard state.named.count < Self.mostTold, state.named.insert(denial).inserted else { return false }
            if state.use.denials.count < NetworkUse.mostDenials { state.use.denials.append(denial) }
            return true
        }
        if isNews { tell(denial) }
    }
}
