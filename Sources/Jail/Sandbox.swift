internal import CJail
internal import Posix
internal import Wire

/// One sandbox, from the order to make it until its init is reaped.
final class Sandbox {
    enum State { case ordered, mapping, parked, running, ending }

    /// A client's run, while it waits and while it is under way.
    struct Run: Sendable {
        var client: Int
        var order: cjail_order
        var descriptors: [Int32]
        /// How often a sandbox died under it before its guest was released.
        var misfires = 0
    }

    let index: Int
    let pool: PoolKey
    let control: MessageSocket
    var state = State.ordered
    var pid: Int32 = 0
    var pidfd: Int32 = -1
    var run: Run?
    var reason: UInt32 = 0
    var failure: (stage: String, code: Int32)?
    var reported = false
    /// When the guest was released; monotonic nanoseconds.
    var releasedAt: Int64?
    /// Init stands, and its pid is not known yet.
    var isReady = false
    /// The host that was to make its guest is gone: another try is owed.
    var isBlameless = false
    /// The confined host that its guest is.
    var hosting: ConfinedHost?
    /// The confined host that its guests are forks of, in whose own sandbox it is.
    var parent: ConfinedHost?
    /// Of a session: who its copies' forks are asked of, once others branch off from it.
    var branching: ConfinedHost?
    /// Of a session: members that may join, by number, and the kind of host that they come from.
    var admitted: [Int64: UInt32] = [:]
    /// Kinds of hosts whose forks are on their way in, oldest first.
    var joining: [UInt32] = []
    /// Monotonic nanoseconds; `.max` where nothing is due.
    var wallDeadline = Int64.max
    var cpuCheck = Int64.max
    /// When init itself is killed.
    var lastDeadline = Int64.max

    init(index: Int, pool: PoolKey, control: consuming MessageSocket) {
        self.index = index
        self.pool = pool
        self.control = control
    }

    /// Takes the run that has ended off the sandbox, whose init makes ready for another.
    func renew() {
        run = nil
        reported = false
        releasedAt = nil
        isReady = false
        state = .mapping
        lastDeadline = Monotonic.now() + Host.spawnAllowance
    }

    /// Whether what went wrong, if anything, is only that nobody was there to take the run.
    var hasDiedUnused: Bool { failure.map { $0.stage == "send" } ?? true }

    /// Whether it stays until it is told to end, and its guests come and go.
    var isSession: Bool { run?.order.kind == UInt32(CJAIL_ORDER_SESSION.rawValue) }

    var nextDeadline: Int64 { min(wallDeadline, cpuCheck, lastDeadline) }
}

/// Which pool a sandbox is of.
struct PoolKey: Hashable, Sendable {
    var host: UInt32
    var key: String
    /// Whose forks its guests are: the name of a confined host's environment, or empty.
    var environment = ""
    /// Tells confined hosts apart that followed each other.
    var generation = 0
}

/// A sandbox that is about to be made, and what its init gets: its socket, and the files to join its groups by.
struct SandboxBirth: ~Copyable {
    let sandbox: Sandbox
    private let socket: Descriptor
    private let groups: [Int32]

    /// `groups`: Kept open by whoever opened them.
    init(of sandbox: Sandbox, socket: consuming Descriptor, groups: [Int32]) {
        self.sandbox = sandbox
        self.socket = socket
        self.groups = groups
    }

    var descriptors: [Int32] { [socket.rawValue] + groups }
}
