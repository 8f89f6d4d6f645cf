internal import Jail

/// A shell that does at random what a real one could do, and keeps its own books.
struct PoolWalk {
    private var machine: PoolMachine<Int>
    private var random: SeededRandom
    private let capacity: Int
    private let target: Int
    private var parked: Set<Int> = []
    private var running = 0
    private var spawning = 0
    private var nextSandbox = 0
    /// A spawn could not be asked for; only `idle` promises another try.
    private var needsIdle = false
    private(set) var waiting: [Int] = []
    private(set) var given = 0
    private(set) var served = 0
    private(set) var refused = 0
    private(set) var withdrawn = 0
    private(set) var last = ""
    private(set) var broken: String?

    init(target: Int, capacity: Int, seed: UInt64) {
        machine = PoolMachine(target: target, capacity: capacity)
        random = SeededRandom(seed: seed)
        self.capacity = capacity
        self.target = target
    }

    mutating func step() throws {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<30: order()
        case 30..<55 where spawning > 0: ready()
        case 55..<70 where spawning > 0: failed()
        case 70..<74 where spawning > 0: unspawn()
        case 74..<78 where !parked.isEmpty: lose()
        case 78..<94 where running > 0: end()
        case 94..<97: withdraw()
        default: idle()
        }
        look()
    }

    /// Everything goes well from here on: whoever waits must be served.
    mutating func drain() throws {
        for _ in 0..<(waiting.count * 4 + 100) where broken == nil {
            if spawning > 0 { ready() } else if running > 0 { end() } else { idle() }
            look()
        }
    }

    private mutating func order() {
        last = "order \(given)"
        waiting.append(given)
        given += 1
        take(machine.order(given - 1))
    }

    private mutating func ready() {
        nextSandbox += 1
        last = "ready \(nextSandbox)"
        spawning -= 1
        parked.insert(nextSandbox)
        take(machine.ready(nextSandbox))
    }

    private mutating func failed() {
        last = "failed"
        spawning -= 1
        take(machine.failed())
    }

    private mutating func unspawn() {
        last = "unspawn"
        spawning -= 1
        needsIdle = true
        machine.unspawn()
    }

    private mutating func lose() {
        guard let sandbox = parked.randomElement(using: &random) else { return }
        last = "lost \(sandbox)"
        parked.remove(sandbox)
        take(machine.lost(sandbox))
    }

    private mutating func end() {
        last = "ended"
        running -= 1
        if Bool.random(using: &random) {
            spawning += 1
            return machine.renewing()
        }
        needsIdle = false
        take(machine.ended())
    }

    private mutating func idle() {
        last = "idle"
        needsIdle = false
        take(machine.idle())
    }

    private mutating func withdraw() {
        let chosen = Int.random(in: 0..<7, using: &random)
        last = "withdraw \(chosen)"
        let gone = machine.withdraw { $0 % 7 == chosen }
        if gone != waiting.filter({ $0 % 7 == chosen }) { broken = "withdrew \(gone)" }
        withdrawn += gone.count
        waiting.removeAll { $0 % 7 == chosen }
    }

    private mutating func take(_ actions: [PoolMachine<Int>.Action]) {
        for action in actions {
            switch action {
            case .spawn:
                spawning += 1
                if spawning > machine.pipeline { broken = "\(spawning) under way in the host" }
            case .lend(let sandbox, let order):
                if parked.remove(sandbox) == nil { broken = "sandbox \(sandbox) was lent, and was not there" }
                leaveQueue(order)
                running += 1
                served += 1
            case .dismiss(let sandbox):
                if parked.remove(sandbox) == nil {
                    broken = "sandbox \(sandbox) was dismissed, and was not there"
                }
                if parked.count < target { broken = "sandbox \(sandbox) was dismissed below the target" }
            case .refuse(let order):
                leaveQueue(order)
                refused += 1
            }
        }
    }

    private mutating func leaveQueue(_ order: Int) {
        if waiting.first != order { broken = "order \(order) left the queue before \(waiting.first ?? -1)" }
        waiting.removeAll { $0 == order }
    }

    private mutating func look() {
        if machine.waiting != waiting {
            broken = "the machine waits for \(machine.waiting), we for \(waiting)"
        }
        if Set(machine.parked) != parked || machine.parked.count != parked.count {
            broken = "parked: \(machine.parked)"
        }
        if machine.spawning != spawning || machine.running != running { broken = "counts differ" }
        if parked.count > target { broken = "\(parked.count) parked, target \(target)" }
        if machine.alive > capacity { broken = "\(machine.alive) alive, capacity \(capacity)" }
        if !waiting.isEmpty, !parked.isEmpty { broken = "an order waits beside a parked sandbox" }
        if !waiting.isEmpty, spawning == 0, machine.alive < capacity, !needsIdle {
            broken = "nobody comes for who waits"
        }
    }
}
