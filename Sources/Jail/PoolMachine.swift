/// Decides which sandbox runs what, and when to make another; does nothing itself.
///
/// One machine serves one kind of host and one key. The shell performs each ``Action`` and tells the
/// machine what came of it.
package struct PoolMachine<Order: Sendable>: Sendable {
    package enum Action {
        /// Ask the host for another sandbox.
        case spawn
        /// Give the order to the parked sandbox.
        case lend(sandbox: Int, to: Order)
        /// End a sandbox that nobody waits for any more.
        case dismiss(sandbox: Int)
        /// Tell the client that no sandbox could be made for it.
        case refuse(Order)
    }

    /// How many sandboxes wait parked when nothing is to do.
    package var target: Int
    /// How many sandboxes may be alive at once.
    package var capacity: Int
    /// How many may be under way in the host at once.
    package var pipeline = 4

    package private(set) var parked: [Int] = []
    package private(set) var waiting: [Order] = []
    package private(set) var spawning = 0
    package private(set) var running = 0
    private var failures = 0
    private var isFilling = false

    package init(target: Int, capacity: Int) {
        self.target = target
        self.capacity = capacity
    }

    package var alive: Int { parked.count + spawning + running }

    /// A client wants something run.
    package mutating func order(_ order: Order) -> [Action] {
        if let sandbox = parked.popLast() {
            running += 1
            return [.lend(sandbox: sandbox, to: order)]
        }
        waiting.append(order)
        return spawnAsNeeded(idle: false)
    }

    /// A sandbox stands confined and waits.
    ///
    /// One above the target, made for an order that was withdrawn, would keep its place from other pools for ever.
    package mutating func ready(_ sandbox: Int) -> [Action] {
        spawning -= 1
        failures = 0
        guard !waiting.isEmpty else {
            guard parked.count < target else { return [.dismiss(sandbox: sandbox)] }
            parked.append(sandbox)
            isFilling = isFilling && parked.count + spawning < target
            return []
        }
        running += 1
        return [.lend(sandbox: sandbox, to: waiting.removeFirst())] + spawnAsNeeded(idle: false)
    }

    /// A sandbox that was being made came to nothing.
    ///
    /// The third failure in a row refuses who waits longest, so that nobody waits for ever.
    package mutating func failed() -> [Action] {
        spawning -= 1
        failures += 1
        var actions: [Action] = []
        if failures >= 3, !waiting.isEmpty { actions.append(.refuse(waiting.removeFirst())) }
        return actions + spawnAsNeeded(idle: false)
    }

    /// A spawn could not even be asked for just now; another try comes with ``idle()``.
    package mutating func unspawn() { spawning -= 1 }

    /// A parked sandbox died before it was used.
    package mutating func lost(_ sandbox: Int) -> [Action] {
        parked.removeAll { $0 == sandbox }
        return []
    }

    /// A run has ended.
    package mutating func ended() -> [Action] {
        running -= 1
        return spawnAsNeeded(idle: true)
    }

    /// A run has ended, and its sandbox is being made ready for another.
    package mutating func renewing() {
        running -= 1
        spawning += 1
    }

    /// Nothing else is to do just now: fill up.
    package mutating func idle() -> [Action] { spawnAsNeeded(idle: true) }

    /// Nothing has been lent for a while: fill up, however much is left.
    package mutating func rest() -> [Action] {
        isFilling = isFilling || parked.count + spawning < target
        return spawnAsNeeded(idle: true)
    }

    /// A client is gone: its waiting orders go with it.
    package mutating func withdraw(where matches: (Order) -> Bool) -> [Order] {
        let gone = waiting.filter(matches)
        waiting.removeAll(where: matches)
        return gone
    }

    /// Nobody is expected for a while: no sandbox waits any more.
    package mutating func retire() -> [Action] {
        target = 0
        isFilling = false
        defer { parked = [] }
        return parked.map { .dismiss(sandbox: $0) }
    }

    /// A place is wanted elsewhere: lets go of a parked sandbox, if nobody waits here.
    package mutating func yield() -> [Action] {
        guard waiting.isEmpty, !parked.isEmpty else { return [] }
        return [.dismiss(sandbox: parked.removeFirst())]
    }

    /// Whether the next sandbox will hardly wait: nothing that could be done in it beforehand would be gained.
    package var isBusy: Bool { !waiting.isEmpty || running > 1 }

    private mutating func spawnAsNeeded(idle: Bool) -> [Action] {
        // Sandboxes come back from their runs: only a pool that runs low makes others.
        if parked.count + spawning < (target + 1) / 2 { isFilling = true }
        let wanted = waiting.isEmpty ? (idle && isFilling ? target - parked.count : 0) : waiting.count
        var actions: [Action] = []
        while spawning < wanted, spawning < pipeline, alive < capacity {
            spawning += 1
            actions.append(.spawn)
        }
        return actions
    }
}
