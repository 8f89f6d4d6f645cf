internal import Domain

/// Decides which run is let in when: events in, decisions out, no clock and no waiting inside.
///
/// Keys share what they use by start-time fair queueing: the key whose share lies furthest back goes next, and each
/// run moves its key on by its cost over the key's weight. The cost is guessed when a run is let in and put right by
/// what was measured when it ends, so long runs of one key do not push away short ones of another.
struct AdmissionQueue {
    enum Answer: Hashable { case admitted, waiting, refused(AdmissionRefusal) }
    enum Outcome: Hashable, Sendable { case admitted, expired, draining }

    /// A run that waited, and what became of it.
    struct Resolved: Hashable {
        var ticket: Int
        var outcome: Outcome
    }

    struct Submitted {
        var ticket: Int
        var answer: Answer
        var others: [Resolved]
    }

    private struct Running {
        var key: KeyID
        var expectedCost: Double
        var began: Int64
    }

    let limits: AdmissionLimits
    private(set) var snapshot = AdmissionSnapshot()
    private var keys: [KeyID: AdmissionKey] = [:]
    private var owners: [Int: KeyID] = [:]
    private var running: [Int: Running] = [:]
    private var waitingBytes = 0
    private var lastTicket = 0
    private var virtual = 0.0
    /// How many of those let in are taken to want a processor.
    private var busy = 0
    /// What may still be given to starting runs until memory is looked at again; nil where it is not known.
    private var room: Int?
    private var isDraining = false
    private var lastEnd: Int64?
    private var meanInterval = 1e7

    init(_ limits: AdmissionLimits) { self.limits = limits }

    var waitingCount: Int { owners.count }
    /// Whether a look at the machine could let somebody in; else only an end can, or a deadline pass.
    var awaitsMachine: Bool {
        running.count < limits.mostRunning && !hasRoom && keys.values.contains { $0.isEligible }
    }

    /// Takes a run in.
    ///
    /// Returns: What becomes of it, and whom it lets in that waited: its key's allowance may have grown.
    mutating func submit(_ wish: AdmissionWish, at time: AdmissionTime) -> Submitted {
        lastTicket += 1
        let ticket = lastTicket
        if let refusal = refusal(of: wish, at: time) {
            snapshot.refused[refusal.reason, default: 0] += 1
            return Submitted(ticket: ticket, answer: .refused(refusal), others: [])
        }
        keys[wish.key]?.takeToken()
        keys[wish.key]?.append(AdmissionKey.Waiter(ticket: ticket, wish: wish))
        owners[ticket] = wish.key
        waitingBytes += wish.bytes
        let admitted = admitAll(at: time.monotonic)
        let goes = admitted.contains { $0.ticket == ticket }
        return Submitted(
            ticket: ticket, answer: goes ? .admitted : .waiting,
            others: admitted.filter { $0.ticket != ticket })
    }

    private mutating func refusal(of wish: AdmissionWish, at time: AdmissionTime) -> AdmissionRefusal? {
        if isDraining { return AdmissionRefusal(.draining, retryAfter: .seconds(1)) }
        var key = keys[wish.key] ?? AdmissionKey(wish.allowance, share: virtual, at: time)
        key.allowance = wish.allowance
        defer { keys[wish.key] = key }
        if key.hasUsedUp(on: time.today) {
            return AdmissionRefusal(.dailyCPU, retryAfter: .nanoseconds(time.untilMidnight))
        }
        let wait = key.wait(forTokenAt: time.monotonic)
        if wait > 0 { return AdmissionRefusal(.rate, retryAfter: .nanoseconds(wait)) }
        let goesAtOnce = hasRoom && key.waiting.isEmpty && key.hasPlace
        guard !goesAtOnce else { return nil }
        let isFull =
            owners.count >= limits.mostWaiting || waitingBytes + wish.bytes > limits.mostWaitingBytes.bytes
        guard isFull else { return nil }
        let wholeQueue = meanInterval * Double(max(owners.count, 1))
        return AdmissionRefusal(.queueFull, retryAfter: .nanoseconds(Int64(min(wholeQueue, 3e11))))
    }

    /// A run ended and had used so much processor time.
    mutating func end(_ ticket: Int, cpu: Duration, at time: AdmissionTime) -> [Resolved] {
        guard let run = running.removeValue(forKey: ticket) else { return [] }
        busy = min(max(busy - 1, 0), running.count)
        noteEnd(at: time.monotonic)
        room? += limits.startingMemory.bytes
        if var key = keys[run.key] {
            key.running -= 1
            // A run that sleeps takes a place, though no processor.
            let cost = max(cpu.nanoseconds + Double(time.monotonic - run.began) / 16, 1e5)
            key.share += (cost - run.expectedCost) / key.weight
            key.expectedCost += (cost - key.expectedCost) / 8
            key.use(Int64(cpu.nanoseconds), on: time.today)
            keys[run.key] = key.isForgettable(at: virtual) ? nil : key
        }
        return admitAll(at: time.monotonic)
    }

    private mutating func noteEnd(at now: Int64) {
        if let lastEnd { meanInterval += (Double(now - lastEnd) - meanInterval) / 16 }
        lastEnd = now
    }

    /// Takes a run out that still waits.
    ///
    /// Returns: Whether it did.
    mutating func cancel(_ ticket: Int) -> Bool {
        guard take(ticket) else { return false }
        snapshot.cancelled += 1
        return true
    }

    private mutating func take(_ ticket: Int) -> Bool {
        guard let key = owners.removeValue(forKey: ticket), let waiter = keys[key]?.remove(ticket)
        else { return false }
        waitingBytes -= waiter.wish.bytes
        if keys[key]?.isForgettable(at: virtual) == true { keys[key] = nil }
        return true
    }

    /// Time passed, and the machine was looked at.
    mutating func look(_ load: MachineLoad, at now: Int64) -> [Resolved] {
        let expired = keys.values.flatMap(\.waiting).filter { $0.wish.deadline.map { $0 <= now } ?? false }
        for waiter in expired where take(waiter.ticket) { snapshot.expired += 1 }
        if let runnable = load.runnable { busy = min(running.count, max(runnable, 0)) }
        if let available = load.availableMemory {
            let reserve = limits.memoryReserve?.bytes ?? (load.totalMemory?.bytes ?? 0) / 10
            room = available.bytes - reserve
        }
        return expired.map { Resolved(ticket: $0.ticket, outcome: .expired) } + admitAll(at: now)
    }

    /// No run is let in any more; those that wait are told.
    mutating func drain() -> [Resolved] {
        isDraining = true
        let tickets = owners.keys.sorted()
        for ticket in tickets where take(ticket) { snapshot.refused[.draining, default: 0] += 1 }
        return tickets.map { Resolved(ticket: $0, outcome: .draining) }
    }

    /// CPU time that a key had used today before this queue was made.
    mutating func noteUsed(_ cpu: Duration, by id: KeyID, at time: AdmissionTime) {
        var key = keys[id] ?? AdmissionKey(KeyAllowance(), share: virtual, at: time)
        key.use(Int64(cpu.nanoseconds), on: time.today)
        keys[id] = key
    }

    var filledSnapshot: AdmissionSnapshot {
        var whole = snapshot
        whole.running = running.count
        whole.waiting = owners.count
        whole.waitingByKey = keys.compactMapValues { $0.waiting.isEmpty ? nil : $0.waiting.count }
        return whole
    }

    /// One run is always let in, whatever the machine looks like: nothing else would free it.
    private var hasRoom: Bool {
        guard running.count < limits.mostRunning else { return false }
        guard !running.isEmpty else { return true }
        return busy < limits.mostBusy && room.map { $0 > 0 } ?? true
    }

    private mutating func admitAll(at now: Int64) -> [Resolved] {
        var admitted: [Resolved] = []
        while hasRoom, let next = nextKey(), let waiter = keys[next]?.removeNext() {
            admit(waiter, of: next, at: now)
            admitted.append(Resolved(ticket: waiter.ticket, outcome: .admitted))
        }
        return admitted
    }

    private func nextKey() -> KeyID? {
        keys.filter { $0.value.isEligible }.min { rank($0.value) < rank($1.value) }?.key
    }

    private func rank(_ key: AdmissionKey) -> (Double, Int) {
        (max(key.share, virtual), key.waiting.last?.ticket ?? 0)
    }

    private mutating func admit(_ waiter: AdmissionKey.Waiter, of id: KeyID, at now: Int64) {
        guard var key = keys[id] else { return }
        owners[waiter.ticket] = nil
        waitingBytes -= waiter.wish.bytes
        // A key that was away gets no more than its share from now on.
        key.share = max(key.share, virtual)
        virtual = key.share
        key.share += key.expectedCost / key.weight
        key.running += 1
        keys[id] = key
        running[waiter.ticket] = Running(key: id, expectedCost: key.expectedCost, began: now)
        busy += 1
        room? -= limits.startingMemory.bytes
        snapshot.admitted += 1
    }
}
