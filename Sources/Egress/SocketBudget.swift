internal import Glibc
internal import Synchronization

/// How many descriptors runs' networks may hold together: half of what this process may, so that guests cannot take
/// from the service what it needs to hear its clients.
final class SocketBudget: Sendable {
    private let rest: Mutex<Int>

    init() {
        var limit = rlimit()
        let known = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
        rest = Mutex(known ? Int(clamping: limit.rlim_cur) / 2 : 256)
    }

    /// Returns: False, and takes nothing, where not so many are left.
    func take(_ count: Int) -> Bool {
        rest.withLock { rest in
            guard rest >= count else { return false }
            rest -= count
            return true
        }
    }

    func giveBack(_ count: Int) { rest.withLock { $0 += count } }
}
