internal import Domain
@testable internal import Engine
internal import Testing

/// A generator whose runs can be repeated.
private struct Dice: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

struct AdmissionQueueTests {
    private static let one = KeyID.local
    private static let other = KeyID("other")

    private static func time(_ milliseconds: Int64) -> AdmissionTime {
        AdmissionTime(monotonic: milliseconds * 1_000_000, wall: milliseconds * 1_000_000)
    }

    private static func queue(_ configure: (inout AdmissionLimits) -> Void = { _ in }) -> AdmissionQueue {
        var limits = AdmissionLimits()
        limits.mostBusy = 1
        limits.mostWaiting = 100
        configure(&limits)
        return AdmissionQueue(limits)
    }

    private static func wish(
        _ key: KeyID = one, priority: Int = 5, deadline: Int64? = nil, bytes: Int = 0,
        _ configure: (inout KeyAllowance) -> Void = { _ in }
    ) -> AdmissionWish {
        var allowance = KeyAllowance()
        configure(&allowance)
        return AdmissionWish(
            key: key, allowance: allowance, priority: priority, deadline: deadline, bytes: bytes)
    }

    private static func refusal(_ answer: AdmissionQueue.Answer) -> AdmissionRefusal? {
        if case .refused(let refusal) = answer { refusal } else { nil }
    }

    @Test func `a higher priority leaves first, of equals the one that came first`() {
        var queue = Self.queue()
        var last = queue.submit(Self.wish(), at: Self.time(0)).ticket
        let tickets = [5, 9, 5, 0, 9].map {
            queue.submit(Self.wish(priority: $0), at: Self.time(0)).ticket
        }
        var order: [Int] = []
        for _ in tickets {
            let admitted = queue.end(last, cpu: .zero, at: Self.time(1))
            #expect(admitted.map(\.outcome) == [.admitted])
            last = admitted.first?.ticket ?? 0
            order.append(last)
        }
        #expect(order == [1, 4, 0, 2, 3].map { tickets[$0] })
    }

    @Test func `a full queue refuses by number and by bytes, and says when to come again`() {
        var queue = Self.queue {
            $0.mostWaiting = 2
            $0.mostWaitingBytes = ByteCount(bytes: 10)
        }
        #expect(queue.submit(Self.wish(bytes: 99), at: Self.time(0)).answer == .admitted)
        #expect(queue.submit(Self.wish(bytes: 8), at: Self.time(0)).answer == .waiting)
        let tooLarge = queue.submit(Self.wish(bytes: 3), at: Self.time(0)).answer
        #expect(Self.refusal(tooLarge)?.reason == .queueFull)
        #expect(queue.submit(Self.wish(bytes: 2), at: Self.time(0)).answer == .waiting)
        let tooMany = Self.refusal(queue.submit(Self.wish(), at: Self.time(0)).answer)
        #expect(tooMany?.reason == .queueFull)
        #expect(tooMany.map { $0.retryAfter > .zero } == true)
        #expect(queue.filledSnapshot.refused == [.queueFull: 2])
    }

    @Test func `a rate refuses until the next token is there, to the nanosecond`() throws {
        var queue = Self.queue { $0.mostBusy = 100 }
        let wish = Self.wish { $0.rate = KeyAllowance.Rate(count: 2, per: .seconds(1)) }
        #expect(queue.submit(wish, at: Self.time(0)).answer == .admitted)
        #expect(queue.submit(wish, at: Self.time(0)).answer == .admitted)
        let refusal = try #require(Self.refusal(queue.submit(wish, at: Self.time(100)).answer))
        #expect(refusal == AdmissionRefusal(.rate, retryAfter: .milliseconds(400)))
        #expect(Self.refusal(queue.submit(wish, at: Self.time(499)).answer)?.reason == .rate)
        #expect(queue.submit(wish, at: Self.time(500)).answer == .admitted)
    }

    @Test func `a key's processor time of a day ends at midnight`() {
        var queue = Self.queue()
        let wish = Self.wish { $0.dailyCPU = .seconds(1) }
        let first = queue.submit(wish, at: Self.time(1_000)).ticket
        _ = queue.end(first, cpu: .seconds(1), at: Self.time(2_000))
        let refusal = Self.refusal(queue.submit(wish, at: Self.time(86_399_000)).answer)
        #expect(refusal == AdmissionRefusal(.dailyCPU, retryAfter: .seconds(1)))
        #expect(queue.submit(wish, at: Self.time(86_400_000)).answer == .admitted)
        queue.noteUsed(.seconds(2), by: Self.other, at: Self.time(86_400_000))
        let known = Self.wish(Self.other) { $0.dailyCPU = .seconds(2) }
        #expect(Self.refusal(queue.submit(known, at: Self.time(86_400_001)).answer)?.reason == .dailyCPU)
    }

    @Test func `more than a key's runs at a time wait, and hold nobody else back`() {
        var queue = Self.queue { $0.mostBusy = 10 }
        let narrow = Self.wish { $0.concurrency = 1 }
        let first = queue.submit(narrow, at: Self.time(0))
        let second = queue.submit(narrow, at: Self.time(0))
        #expect(first.answer == .admitted && second.answer == .waiting)
        #expect(queue.submit(Self.wish(Self.other), at: Self.time(0)).answer == .admitted)
        #expect(queue.end(first.ticket, cpu: .zero, at: Self.time(1)).map(\.ticket) == [second.ticket])
    }

    @Test func `runs that sleep make room, a machine that is busy or full does not`() {
        var queue = Self.queue { $0.memoryReserve = .mebibytes(100) }
        _ = queue.submit(Self.wish(), at: Self.time(0))
        let second = queue.submit(Self.wish(), at: Self.time(0)).ticket
        #expect(queue.awaitsMachine)
        #expect(queue.look(MachineLoad(runnable: 1), at: 1).isEmpty)
        let full = MachineLoad(runnable: 0, availableMemory: .mebibytes(100))
        #expect(queue.look(full, at: 2).isEmpty)
        let free = MachineLoad(runnable: 0, availableMemory: .mebibytes(101))
        #expect(queue.look(free, at: 3).map(\.ticket) == [second])
    }

    @Test func `a run whose deadline passed is dropped, a cancelled one is gone, a drain tells the rest`() {
        var queue = Self.queue()
        let first = queue.submit(Self.wish(), at: Self.time(0)).ticket
        let late = queue.submit(Self.wish(deadline: 5), at: Self.time(0)).ticket
        let gone = queue.submit(Self.wish(), at: Self.time(0)).ticket
        let left = queue.submit(Self.wish(), at: Self.time(0)).ticket
        #expect(queue.look(MachineLoad(), at: 4).isEmpty)
        #expect(queue.look(MachineLoad(), at: 5) == [.init(ticket: late, outcome: .expired)])
        let cancelled = [gone, gone, first].map { queue.cancel($0) }
        #expect(cancelled == [true, false, false])
        #expect(queue.drain() == [.init(ticket: left, outcome: .draining)])
        #expect(Self.refusal(queue.submit(Self.wish(), at: Self.time(1)).answer)?.reason == .draining)
        #expect(queue.end(first, cpu: .zero, at: Self.time(2)).isEmpty && queue.waitingCount == 0)
    }

    @Test func `one key's flood of long runs makes another wait for what runs, and for no more`() {
        var queue = Self.queue { $0.mostBusy = 2 }
        var now: Int64 = 0
        var running: [(ticket: Int, end: Int64)] = []
        for _ in 0..<50 {
            let submitted = queue.submit(Self.wish(), at: Self.time(now))
            if submitted.answer == .admitted { running.append((submitted.ticket, 10)) }
        }
        var waits: [Int64] = []
        for _ in 0..<200 {
            let asked = now
            let quiet = queue.submit(Self.wish(Self.other), at: Self.time(now)).ticket
            var isIn = false
            while !isIn {
                running.sort { $0.end < $1.end }
                let ended = running.removeFirst()
                now = ended.end
                _ = queue.submit(Self.wish(), at: Self.time(now))
                for next in queue.end(ended.ticket, cpu: .milliseconds(10), at: Self.time(now)) {
                    running.append((next.ticket, now + 10))
                    isIn = isIn || next.ticket == quiet
                }
            }
            waits.append(now - asked)
        }
        #expect((waits.max() ?? .max) <= 20)
    }

    @Test func `keys get what their weights say, in cost and not in runs`() {
        var queue = Self.queue()
        var cpu: [KeyID: Int64] = [:]
        var owner: [Int: KeyID] = [:]
        var now: Int64 = 0
        func ask(_ key: KeyID) -> AdmissionQueue.Submitted {
            let submitted = queue.submit(
                Self.wish(key) { $0.weight = key == Self.other ? 3 : 1 }, at: Self.time(now))
            owner[submitted.ticket] = key
            return submitted
        }
        var last = ask(Self.one).ticket
        for _ in 0..<5 {
            _ = ask(Self.one)
            _ = ask(Self.other)
        }
        for _ in 0..<4_000 {
            let key = owner[last] ?? Self.one
            let cost: Int64 = key == Self.other ? 40 : 4
            now += cost
            cpu[key, default: 0] += cost
            let next = queue.end(last, cpu: .milliseconds(cost), at: Self.time(now))
            _ = ask(key)
            last = next.first?.ticket ?? 0
        }
        let ratio = Double(cpu[Self.other] ?? 0) / Double(max(cpu[Self.one] ?? 0, 1))
        #expect((2.7...3.3).contains(ratio), "\(ratio)")
    }

    @Test(arguments: 1...8)
    func `whatever happens, no bound is passed, nobody is lost, and no place stays empty`(seed: UInt64) {
        var dice = Dice(state: seed)
        var limits = AdmissionLimits()
        limits.mostWaiting = 20
        limits.mostRunning = 6
        limits.mostBusy = 3
        var queue = AdmissionQueue(limits)
        let keys = (0..<4).map { KeyID("key\($0)") }
        var waiting: Set<Int> = []
        var running: Set<Int> = []
        var now: Int64 = 0
        func settle(_ resolved: [AdmissionQueue.Resolved]) {
            for one in resolved {
                #expect(waiting.remove(one.ticket) != nil)
                if one.outcome == .admitted { running.insert(one.ticket) }
            }
        }
        for step in 0..<50_000 {
            now += Int64.random(in: 0...3, using: &dice)
            switch Int.random(in: 0..<10, using: &dice) {
            case 0..<4:
                let number = Int.random(in: 0..<4, using: &dice)
                let deadline = Bool.random(using: &dice) ? (now + 5) * 1_000_000 : nil
                let priority = Int.random(in: 0...9, using: &dice)
                let submitted = queue.submit(
                    Self.wish(keys[number], priority: priority, deadline: deadline) {
                        $0.concurrency = number == 0 ? 1 : nil
                    }, at: Self.time(now))
                if submitted.answer == .waiting { waiting.insert(submitted.ticket) }
                if submitted.answer == .admitted { running.insert(submitted.ticket) }
                settle(submitted.others)
            case 4..<8:
                guard let ticket = running.min() else { continue }
                running.remove(ticket)
                settle(queue.end(ticket, cpu: .milliseconds(1), at: Self.time(now)))
            case 8:
                guard let ticket = waiting.min() else { continue }
                let isGone = queue.cancel(ticket)
                #expect(isGone)
                waiting.remove(ticket)
            default:
                let runnable = Int.random(in: 0...8, using: &dice)
                settle(queue.look(MachineLoad(runnable: runnable), at: now * 1_000_000))
            }
            let snapshot = queue.filledSnapshot
            let isWhole =
                snapshot.waiting == waiting.count && snapshot.running == running.count
                && snapshot.waitingByKey.values.reduce(0, +) == waiting.count
                && waiting.count <= 20 && running.count <= 6
            // Only the key of one run at a time may wait where nothing runs, and it may not either.
            let isWorking = !(running.isEmpty && !waiting.isEmpty)
            if !isWhole || !isWorking {
                Issue.record("step \(step): \(snapshot), \(waiting.count) wait, \(running.count) run")
                return
            }
        }
        while let ticket = running.min() {
            running.remove(ticket)
            settle(queue.end(ticket, cpu: .zero, at: Self.time(now)))
        }
        #expect(waiting.isEmpty)
    }
}
