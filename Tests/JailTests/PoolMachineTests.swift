internal import Jail
internal import Testing

/// What the shell can tell a pool, in the order in which it does.
enum PoolStep: Sendable {
    case order(String)
    case ready(Int)
    case failed
    case unspawn
    case lost(Int)
    case ended
    case idle
    case renewing
    case retire
    case yield
    case withdraw(String)
}

struct PoolTranscript: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var target: Int
    var capacity: Int
    /// Each step, and what the machine asks for then.
    var lines: [(PoolStep, String)]
}

struct PoolMachineTests {
    static let transcripts = [
        PoolTranscript(
            testDescription: "a pool that is retired lets go of what is parked, and parks no more", target: 2,
            capacity: 4,
            lines: [
                (.idle, "spawn spawn"), (.ready(1), ""), (.retire, "dismiss 1"), (.ready(2), "dismiss 2"),
                (.lost(1), ""), (.idle, ""), (.order("a"), "spawn"), (.ready(3), "lend 3 to a"), (.ended, ""),
            ]),
        PoolTranscript(
            testDescription:
                "a pool yields what is parked, oldest first, and nothing that somebody waits for",
            target: 2, capacity: 2,
            lines: [
                (.yield, ""), (.idle, "spawn spawn"), (.yield, ""), (.ready(1), ""), (.ready(2), ""),
                (.yield, "dismiss 1"), (.lost(1), ""), (.order("a"), "lend 2 to a"), (.order("b"), "spawn"),
                (.yield, ""),
            ]),
        PoolTranscript(
            testDescription: "a pool fills up to its target and lends what is parked", target: 2, capacity: 4,
            lines: [
                (.idle, "spawn spawn"), (.idle, ""), (.ready(1), ""), (.ready(2), ""),
                (.order("a"), "lend 2 to a"),
                (.order("b"), "lend 1 to b"), (.ended, "spawn spawn"), (.ready(3), ""), (.ready(4), ""),
                (.ended, ""),
            ]),
        PoolTranscript(
            testDescription: "an order that finds nothing parked waits for the sandbox it asked for",
            target: 0, capacity: 4,
            lines: [(.order("a"), "spawn"), (.ready(7), "lend 7 to a"), (.ended, "")]),
        PoolTranscript(
            testDescription: "who waits longest is served first", target: 0, capacity: 1,
            lines: [
                (.order("a"), "spawn"), (.order("b"), ""), (.order("c"), ""), (.ready(1), "lend 1 to a"),
                (.ended, "spawn"), (.ready(2), "lend 2 to b"), (.ended, "spawn"), (.ready(3), "lend 3 to c"),
            ]),
        PoolTranscript(
            testDescription: "no more than four sandboxes are under way in a host at once", target: 9,
            capacity: 20,
            lines: [
                (.idle, "spawn spawn spawn spawn"), (.ready(1), ""), (.idle, "spawn"), (.idle, ""),
            ]),
        PoolTranscript(
            testDescription: "at capacity an order waits for an end", target: 0, capacity: 2,
            lines: [
                (.order("a"), "spawn"), (.order("b"), "spawn"), (.order("c"), ""), (.ready(1), "lend 1 to a"),
                (.ready(2), "lend 2 to b"), (.idle, ""), (.ended, "spawn"), (.ready(1), "lend 1 to c"),
            ]),
        PoolTranscript(
            testDescription: "the third failure in a row refuses who waits longest, and each one after it",
            target: 0,
            capacity: 4,
            lines: [
                (.order("a"), "spawn"), (.order("b"), "spawn"), (.failed, "spawn"), (.failed, "spawn"),
                (.failed, "refuse a"), (.failed, "refuse b"), (.idle, ""),
            ]),
        PoolTranscript(
            testDescription: "a success between failures starts the count again", target: 0, capacity: 4,
            lines: [
                (.order("a"), "spawn"), (.order("b"), "spawn"), (.order("c"), "spawn"), (.failed, "spawn"),
                (.failed, "spawn"), (.ready(1), "lend 1 to a"), (.failed, "spawn"), (.failed, "spawn"),
                (.failed, "refuse b"),
            ]),
        PoolTranscript(
            testDescription: "what could not be asked for is asked for again when there is time", target: 0,
            capacity: 4,
            lines: [(.order("a"), "spawn"), (.unspawn, ""), (.idle, "spawn"), (.ready(1), "lend 1 to a")]),
        PoolTranscript(
            testDescription: "a parked sandbox that died is never lent", target: 2, capacity: 4,
            lines: [
                (.idle, "spawn spawn"), (.ready(1), ""), (.ready(2), ""), (.lost(2), ""),
                (.order("a"), "lend 1 to a"),
                (.order("b"), "spawn"), (.ready(3), "lend 3 to b"),
            ]),
        PoolTranscript(
            testDescription: "a sandbox comes back from its run, and a pool that is half full makes no other",
            target: 2, capacity: 4,
            lines: [
                (.idle, "spawn spawn"), (.ready(1), ""), (.ready(2), ""), (.order("a"), "lend 2 to a"),
                (.idle, ""),
                (.renewing, ""), (.idle, ""), (.ready(2), ""), (.order("b"), "lend 2 to b"),
                (.order("c"), "lend 1 to c"), (.order("d"), "spawn"), (.renewing, ""),
                (.ready(2), "lend 2 to d"),
            ]),
        PoolTranscript(
            testDescription: "a withdrawn order is not served; its sandbox parks where the target has room",
            target: 1, capacity: 4,
            lines: [
                (.order("a"), "spawn"), (.order("b"), "spawn"), (.withdraw("a"), "withdrawn a"),
                (.withdraw("b"), "withdrawn b"), (.ready(1), ""), (.ready(2), "dismiss 2"),
                (.order("c"), "lend 1 to c"),
                (.withdraw("c"), ""), (.order("d"), "spawn"),
            ]),
    ]

    @Test(arguments: transcripts)
    func `a transcript is followed to the letter`(_ transcript: PoolTranscript) {
        var machine = PoolMachine<String>(target: transcript.target, capacity: transcript.capacity)
        for (number, (step, expected)) in transcript.lines.enumerated() {
            #expect(Self.carryOut(step, &machine) == expected, "line \(number + 1): \(step)")
        }
    }

    @Test(arguments: [(2, 4, 1), (0, 1, 2), (4, 192, 3), (8, 3, 4)] as [(Int, Int, UInt64)])
    func `10,000 steps of a seeded walk break no promise`(_ target: Int, _ capacity: Int, _ seed: UInt64)
        throws
    {
        var walk = PoolWalk(target: target, capacity: capacity, seed: seed)
        for number in 0..<10_000 {
            try walk.step()
            if let broken = walk.broken { Issue.record("step \(number), \(walk.last): \(broken)"); return }
        }
        try walk.drain()
        #expect(walk.broken == nil)
        #expect(walk.waiting.isEmpty, "these were forgotten")
        #expect(walk.given == walk.served + walk.refused + walk.withdrawn)
        #expect(walk.served > 500 && walk.refused > 10 && walk.withdrawn > 10, "the walk went nowhere")
    }

    private static func carryOut(_ step: PoolStep, _ machine: inout PoolMachine<String>) -> String {
        switch step {
        case .order(let name): words(machine.order(name))
        case .ready(let sandbox): words(machine.ready(sandbox))
        case .failed: words(machine.failed())
        case .lost(let sandbox): words(machine.lost(sandbox))
        case .ended: words(machine.ended())
        case .idle: words(machine.idle())
        case .retire: words(machine.retire())
        case .yield: words(machine.yield())
        case .renewing:
            {
                machine.renewing(); return ""
            }()
        case .unspawn:
            {
                machine.unspawn(); return ""
            }()
        case .withdraw(let name):
            machine.withdraw { $0 == name }.map { "withdrawn \($0)" }.joined(separator: " ")
        }
    }

    private static func words(_ actions: [PoolMachine<String>.Action]) -> String {
        actions.map { action in
            switch action {
            case .spawn: "spawn"
            case .lend(let sandbox, let order): "lend \(sandbox) to \(order)"
            case .dismiss(let sandbox): "dismiss \(sandbox)"
            case .refuse(let order): "refuse \(order)"
            }
        }.joined(separator: " ")
    }
}
