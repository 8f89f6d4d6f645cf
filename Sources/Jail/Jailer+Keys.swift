internal import CJail
internal import Posix

/// Pools of callers' keys: those used of late have sandboxes parked, as far as there are places for them, and what
/// nobody has used for a while is forgotten, control groups and all.
extension Jailer {
    /// The name of whoever has no key.
    static let local = "local"
    /// What a client names must not grow without bound.
    static let mostPools = 256
    /// Of one key's sandboxes of a kind, and of all keys' together.
    private static let parkedForKey = 2
    private static let parkedForKeys = 24
    /// A key that has rested for so long gives its places up to one that comes; in nanoseconds.
    private static let restful: Int64 = 5_000_000_000
    private static let remembered: Int64 = 30_000_000_000

    /// How many sandboxes of a kind stand parked for who has no key.
    func usuallyParked(_ host: UInt32) -> Int { interpreters[host]?.parked ?? options.parkedExec }

    /// Makes the pool of an order, where there is room for another.
    func admit(_ key: PoolKey) -> Bool {
        if pools[key] == nil, pools.count >= Self.mostPools {
            forgetKeys(unusedSince: .max)
            guard pools.count < Self.mostPools else { return false }
        }
        _ = machine(key, idle: false)
        guard key.key != Self.local, key.environment.isEmpty else { return true }
        let now = Monotonic.now()
        uses[key] = now
        forgetAt = min(forgetAt, now + Self.remembered)
        if pools[key]?.target == 0 { park(for: key, now) }
        return true
    }

    /// Gives a key places for parked sandboxes, those of keys that rest if need be.
    private func park(for key: PoolKey, _ now: Int64) {
        let wish = min(Self.parkedForKey, usuallyParked(key.host))
        var given = uses.keys.reduce(0) { $0 + (pools[$1]?.target ?? 0) }
        while given + wish > Self.parkedForKeys {
            let resting = uses.filter { (pools[$0.key]?.target ?? 0) > 0 && now - $0.value > Self.restful }
            guard let oldest = resting.min(by: { $0.value < $1.value })?.key else { return }
            given -= pools[oldest]?.target ?? 0
            perform(pools[oldest]?.retire() ?? [], oldest)
        }
        pools[key]?.target = wish
    }

    func forgetIdleKeys(_ now: Int64) {
        forgetKeys(unusedSince: now - Self.remembered)
        forgetAt = uses.isEmpty && groupedKeys.isEmpty ? .max : now + Self.remembered / 2
    }

    /// Forgets the pools that do nothing and were last used before a moment.
    private func forgetKeys(unusedSince moment: Int64) {
        for (key, last) in uses where last <= moment {
            guard let pool = pools[key], pool.running == 0, pool.spawning == 0, pool.waiting.isEmpty else {
                continue
            }
            perform(pools[key]?.retire() ?? [], key)
            pools[key] = nil
            uses[key] = nil
        }
        guard let tree else { return }
        let known = Set(pools.keys.map(\.key))
        for key in groupedKeys where !known.contains(key) {
            for (slot, entry) in groups where entry.key == key && sandboxes[slot] == nil {
                entry.group.remove()
                groups[slot] = nil
            }
            // One that still has a dying sandbox stays until the next time.
            if tree.removeKey(key) { groupedKeys.remove(key) }
        }
    }

    /// A free slot for a pool's sandbox.
    ///
    /// Where there is none and somebody waits for it, another pool lets go of one of its parked sandboxes, so that there
    /// is one in a moment; and a pool where nobody waits leaves as many as others wait for.
    func takeSlot(for pool: PoolKey) -> Int? {
        guard pools[pool]?.waiting.isEmpty == false else {
            let awaited = pools.values.reduce(0) { $0 + $1.waiting.count }
            return freeSlots.count > awaited ? takeSlot(for: pool.key) : nil
        }
        if let slot = takeSlot(for: pool.key) { return slot }
        let richest = pools.filter { $0.key != pool && $0.value.waiting.isEmpty }
            .max { $0.value.parked.count < $1.value.parked.count }?.key
        if let richest { perform(pools[richest]?.yield() ?? [], richest) }
        return nil
    }

    /// A free slot, if there is one, that has a control group of the key's by preference: another's is made anew.
    func takeSlot(for key: String) -> Int? {
        guard let own = freeSlots.suffix(64).lastIndex(where: { groups[$0]?.key == key }) else {
            return freeSlots.popLast()
        }
        return freeSlots.remove(at: own)
    }

    /// The parent of a key's control groups; made each time, for it may be half gone.
    func makeGroup(of key: String) {
        try? tree?.makeKey(key)
        if key != Self.local { groupedKeys.insert(key) }
    }
}
