internal import CMicroHTTPD
internal import Posix
internal import Synchronization

/// Watches all connections from a thread of its own: the daemon does not look at a connection that waits
/// for its run, and sets no bound to how slowly a request may come.
final class PeerWatcher: Sendable {
    private static let stopNumber: UInt64 = 0
    private static let expiryMilliseconds: Int32 = 1_000

    private let poll: Descriptor
    private let bell: Descriptor
    private let peers = Mutex<[UInt64: Peer]>([:])

    init() throws(SystemFailure) {
        poll = Descriptor(adopting: try check("epoll_create1") { epoll_create1(Int32(EPOLL_CLOEXEC)) })
        bell = Descriptor(adopting: try check("eventfd") { eventfd(0, Int32(EFD_CLOEXEC)) })
        let result = diatom_watch_readable(poll.rawValue, bell.rawValue, Self.stopNumber)
        guard result == 0 else { throw SystemFailure(operation: "epoll_ctl", code: -result) }
    }

    /// - Returns: Whether the peer is watched; one that cannot be is better not served.
    func add(_ peer: Peer, _ descriptor: Int32) -> Bool {
        peers.withLock { $0[peer.number] = peer }
        guard diatom_watch_hang_up(poll.rawValue, descriptor, peer.number) == 0 else {
            remove(peer)
            return false
        }
        return true
    }

    /// The kernel forgets the descriptor by itself when it is closed.
    func remove(_ peer: Peer) { peers.withLock { _ = $0.removeValue(forKey: peer.number) } }

    /// Blocks the calling thread until ``stop()``.
    func watch() {
        var numbers = [UInt64](repeating: 0, count: 64)
        var lastExpiry = ContinuousClock.now
        while true {
            let count = diatom_watched(poll.rawValue, &numbers, Int32(numbers.count), Self.expiryMilliseconds)
            for number in numbers.prefix(max(0, Int(count))) {
                if number == Self.stopNumber { return }
                peers.withLock { $0[number] }?.hungUp()
            }
            let now = ContinuousClock.now
            guard now - lastExpiry >= .milliseconds(Int(Self.expiryMilliseconds)) else { continue }
            lastExpiry = now
            for peer in peers.withLock({ Array($0.values) }) { peer.expire(now) }
        }
    }

    func stop() { eventfd_write(bell.rawValue, 1) }
}
