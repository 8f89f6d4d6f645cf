internal import CJail
internal import Glibc
internal import Posix
internal import Testing
internal import Wire

/// What a taken-over service may say to the init of a sandbox that is to have a network.
@Suite(
    .serialized, .enabled(if: JailerProcess.isBuilt, "diatom-jailer is not built beside the tests"),
    .timeLimit(.minutes(2)))
struct NetworkFuzzTests {
    private static func way(_ flags: Int32, _ address: Int64, _ port: Int64) -> cjail_note {
        var note = cjail_note()
        note.kind = UInt32(CJAIL_WAY.rawValue)
        (note.a, note.b, note.c) = (flags, address, port)
        return note
    }

    private static func last(_ count: Int64) -> cjail_note { way(Int32(CJAIL_WAY_LAST.rawValue), count, 0) }

    /// Runs a program with these words in the network socket; the report of its end, and what init passed out.
    private static func run(
        _ words: [cjail_note], junk: [[UInt8]] = [], on jailer: JailerProcess
    ) throws -> (report: cjail_report, answers: [(note: cjail_note, descriptors: Int)]) {
        var pair = try Pair.sockets()
        let ours = MessageSocket(pair.takeFirst())
        for bytes in junk { try RawSocket.send(bytes, to: ours.rawValue) }
        for note in words { try ours.send(note) }
        let report = try jailer.run(["/bin/true"], network: pair.second.rawValue).report
        _ = pair.takeSecond()
        var answers: [(note: cjail_note, descriptors: Int)] = []
        while case .message(let note, let descriptors) = try ours.receive(cjail_note.self, into: cjail_note())
        {
            answers.append((note, descriptors.count))
            for fd in descriptors { close(fd) }
        }
        return (report, answers)
    }

    private static let own = UInt32(CJAIL_END_OWN.rawValue)
    private static let engine = UInt32(CJAIL_END_ENGINE.rawValue)

    @Test func `what is asked for is opened and passed out, in its order`() throws {
        let jailer = try JailerProcess(arguments: ["--sandboxes", "2"])
        let owned = Int32(CJAIL_WAY_OWNED.rawValue)
        let udp = Int32(CJAIL_WAY_DATAGRAMS.rawValue)
        let (report, answers) = try Self.run(
            [
                Self.way(udp, 0x7f00_0035, 53), Self.way(owned, 0x0101_0101, 443),
                Self.way(0, 0x0101_0101, 80),
                Self.last(3),
            ], on: jailer)
        #expect(report.reason == Self.own && report.wait_status == 0)
        #expect(answers.map(\.note.c) == [53, 443, 80])
        #expect(answers.allSatisfy { $0.note.a == 0 && $0.descriptors == 1 })
    }

    @Test func `a run begins only when all that was asked for is there`() throws {
        let jailer = try JailerProcess(arguments: ["--sandboxes", "2"])
        let good = Self.way(0, 0x7f4d_0001, 443)
        let cases: [[cjail_note]] = [
            [], [good], [Self.last(1)], [good, Self.last(0)], [good, Self.last(2)],
            [good, good, Self.last(2)],  // taken already
            [Self.way(0, 0x0101_0101, 443), Self.last(1)],  // not the loopback's
            [Self.way(Int32(CJAIL_WAY_OWNED.rawValue), 0xe000_0001, 443), Self.last(1)],  // nobody's
        ]
        for words in cases {
            let (report, _) = try Self.run(words, on: jailer)
            #expect(
                report.reason == Self.engine && JailerProcess.words(report) == "network", "\(words.count)")
        }
        let (report, _) = try Self.run([good], junk: [[1], [UInt8](repeating: 7, count: 200)], on: jailer)
        #expect(report.reason == Self.engine)
        #expect(try jailer.run(["/bin/echo", "after"]).stdout == "after\n")
    }

    @Test func `500 random words leave a jailer alive and its sandboxes sealed`() throws {
        let jailer = try JailerProcess(arguments: ["--sandboxes", "4"])
        var random = SeededRandom(seed: 7)
        for _ in 0..<60 {
            var words = (0..<Int.random(in: 0..<8, using: &random)).map { _ in
                Self.way(
                    .random(in: .min ... .max, using: &random), .random(in: .min ... .max, using: &random),
                    .random(in: .min ... .max, using: &random))
            }
            if Bool.random(using: &random) { words.append(Self.last(Int64(words.count))) }
            let (report, answers) = try Self.run(words, on: jailer)
            #expect(report.kind == UInt32(CJAIL_REPORT_ENDED.rawValue))
            #expect(answers.allSatisfy { $0.note.a <= 0 && ($0.note.a == 0) == ($0.descriptors == 1) })
        }
        #expect(jailer.isAlive)
        #expect(try jailer.run(["/bin/echo", "after"]).stdout == "after\n")
    }

    @Test func `an order that says it brings a network socket must bring one`() throws {
        let jailer = try JailerProcess(arguments: ["--sandboxes", "2"])
        let socket = try jailer.connect()
        let null = Descriptor(adopting: open("/dev/null", O_RDWR | O_CLOEXEC))
        let client = MessageSocket(Descriptor(adopting: dup(socket.rawValue)))
        for (flags, count) in [
            (UInt32(CJAIL_GO_NETWORK.rawValue), 4), (UInt32(CJAIL_GO_NETWORK.rawValue), 7), (0, 6),
        ] {
            var order = JailerProcess.runOrder(token: 1)
            order.flags = flags
            try client.send(order, descriptors: [Int32](repeating: null.rawValue, count: count))
            let report = try #require(try JailerProcess.report(socket.rawValue))
            #expect(JailerProcess.words(report) == "order: descriptors")
        }
    }
}
