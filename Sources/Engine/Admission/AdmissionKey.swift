internal import Domain

/// What the queue knows of one key.
struct AdmissionKey {
    struct Waiter {
        var ticket: Int
        var wish: AdmissionWish
    }

    var allowance: KeyAllowance
    /// Virtual time at which the key has had its share of what it was let use.
    var share: Double
    var running = 0
    /// The next to leave is last.
    private(set) var waiting: [Waiter] = []
    /// What a run of this key is taken to cost, by those that ended.
    var expectedCost: Double = 5e6
    private var tokens: Double
    private var refilled: Int64
    private var day: Int64
    private var used: Int64 = 0

    init(_ allowance: KeyAllowance, share: Double, at time: AdmissionTime) {
        self.allowance = allowance
        self.share = share
        tokens = Double(allowance.rate?.count ?? 0)
        refilled = time.monotonic
        day = time.today
    }

    var weight: Double { Double(min(max(allowance.weight, 1), 100)) }
    var hasPlace: Bool { running < max(allowance.concurrency ?? .max, 1) }
    var isEligible: Bool { !waiting.isEmpty && hasPlace }
    /// Whether a new state would say the same.
    func isForgettable(at virtual: Double) -> Bool {
        running == 0 && waiting.isEmpty && share <= virtual && used == 0 && allowance.rate == nil
    }

    /// A higher priority leaves earlier, of equals the one that came first.
    mutating func append(_ waiter: Waiter) {
        let index = waiting.firstIndex { $0.wish.priority >= waiter.wish.priority } ?? waiting.endIndex
        waiting.insert(waiter, at: index)
    }

    mutating func removeNext() -> Waiter? { waiting.popLast() }

    mutating func remove(_ ticket: Int) -> Waiter? {
        waiting.firstIndex { $0.ticket == ticket }.map { waiting.remove(at: $0) }
    }

    /// How long until the key's rate lets another run begin; zero is now.
    mutating func wait(forTokenAt now: Int64) -> Int64 {
        guard let rate = allowance.rate else { return 0 }
        let perToken = rate.per.nanoseconds / Double(max(rate.count, 1))
        tokens = min(Double(rate.count), tokens + Double(now - refilled) / max(perToken, 1))
        refilled = now
        // Sums of parts of a token may miss a whole one by a hair.
        return tokens >= 1 - 1e-9 ? 0 : Int64(((1 - tokens) * perToken).rounded(.up))
    }

    mutating func takeToken() { if allowance.rate != nil { tokens = max(0, tokens - 1) } }

    mutating func use(_ cpu: Int64, on day: Int64) {
        if day != self.day { (self.day, used) = (day, 0) }
        used += max(cpu, 0)
    }

    mutating func hasUsedUp(on day: Int64) -> Bool {
        use(0, on: day)
        guard let daily = allowance.dailyCPU else { return false }
        return Double(used) >= daily.nanoseconds
    }
}

extension Duration {
    var nanoseconds: Double { Double(components.seconds) * 1e9 + Double(components.attoseconds) / 1e9 }
}
