internal import CJail
internal import Posix

/// A warm interpreter that has imported an environment's packages, and so run strangers' code.
///
/// It is the guest of a sandbox and believed nothing; what is asked of it is asked of that sandbox's init, which
/// clones inits for its runs and watches every step of its forks on their way there (gate.c).
final class ConfinedHost {
    /// What its runs are asked for by.
    let key: PoolKey
    /// Of the sandboxes of its runs.
    let pool: PoolKey
    let sandbox: Sandbox
    /// Whether it has imported all it will.
    var isReady = false
    /// No more is asked of it; it ends with the last run that is under way.
    var isRetired = false
    /// Sandboxes that its init was asked for and has not answered, oldest first.
    var spawning: [Int] = []
    /// The sandbox that a fork is on its way to; one at a time.
    var joining: Int?
    /// Sandboxes that wait for a fork, and the sockets of their guests.
    var waiting: [(sandbox: Int, socket: Int32)] = []
    /// When it counts as hung; monotonic nanoseconds.
    var deadline = Int64.max
    var lastUse = Monotonic.now()

    init(key: PoolKey, generation: Int, sandbox: Sandbox) {
        self.key = key
        self.sandbox = sandbox
        pool = PoolKey(host: key.host, key: key.key, environment: key.environment, generation: generation)
    }

    /// Whether it is a session, whose life is nobody's affair but its client's.
    var isSession: Bool { sandbox.hosting == nil }

    /// How long its init, or a fork, may take; longer than the waits in gate.c.
    static let allowance: Int64 = 6_000_000_000

    func isAsked() { deadline = Monotonic.now() + Self.allowance }

    func hasAnswered() {
        deadline = spawning.isEmpty && joining == nil ? .max : Monotonic.now() + Self.allowance
    }
}
