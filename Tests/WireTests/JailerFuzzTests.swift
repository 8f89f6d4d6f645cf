internal import CJail
internal import Glibc
internal import Posix
internal import Testing
internal import Wire

/// An order that is good but for one field.
struct OrderCase: CustomTestStringConvertible, Sendable {
    var field: String
    var testDescription: String
    var change: @Sendable (inout cjail_order) -> Void

    init(_ field: String, _ what: String, _ change: @escaping @Sendable (inout cjail_order) -> Void) {
        self.field = field
        testDescription = "\(field) \(what)"
        self.change = change
    }

    private static func setKey(_ order: inout cjail_order, _ text: String) {
        withUnsafeMutableBytes(of: &order.key) { room in
            _ = room.initializeMemory(as: UInt8.self, repeating: 0)
            room.copyBytes(from: text.utf8)
        }
    }

    static let all: [OrderCase] = [
        OrderCase("host", "unknown") { $0.host = 2 },
        OrderCase("host", "not kept") { $0.host = UInt32(CJAIL_HOST_PYTHON.rawValue) },
        OrderCase("wall", "0") { $0.wall_ns = 0 },
        OrderCase("wall", "negative") { $0.wall_ns = .min },
        OrderCase("wall", "a day and a nanosecond") { $0.wall_ns = 24 * 3600 * 1_000_000_000 + 1 },
        OrderCase("cpu", "negative") { $0.cpu_ns = -1 },
        OrderCase("memory", "less than a megabyte") { $0.memory_bytes = (1 << 20) - 1 },
        OrderCase("memory", "huge") { $0.memory_bytes = .max },
        OrderCase("disk", "less than a page") { $0.disk_bytes = 4095 },
        OrderCase("disk", "huge") { $0.disk_bytes = .max },
        OrderCase("files", "0") { $0.files = 0 },
        OrderCase("files", "huge") { $0.files = .max },
        OrderCase("processes", "0") { $0.processes = 0 },
        OrderCase("processes", "30,001") { $0.processes = 30_001 },
        OrderCase("cpu share", "0") { $0.cpu_percent = 0 },
        OrderCase("cpu share", "huge") { $0.cpu_percent = .max },
        OrderCase("key", "empty") { setKey(&$0, "") },
        OrderCase("key", "with a slash") { setKey(&$0, "a/b") },
        OrderCase("key", "dots") { setKey(&$0, "..") },
        OrderCase("key", "with a line end") { setKey(&$0, "a\n") },
        OrderCase("key", "without an end") { setKey(&$0, String(repeating: "a", count: 40)) },
    ]
}

/// The jailer's ceiling: whatever a client says, it lives, refuses, and keeps nothing.
///
/// Each test has a jailer of its own; they take turns because two cores are few.
@Suite(
    .serialized, .enabled(if: JailerProcess.isBuilt, "diatom-jailer is not built beside the tests"),
    .timeLimit(.minutes(2)))
struct JailerFuzzTests {
    @Test func `2,000 random and mutated orders leave a jailer alive, unharmed and empty-handed`() throws {
        let jailer = try JailerProcess(arguments: ["--sandboxes", "4"])
        #expect(try jailer.run(["/bin/echo", "before"]).stdout == "before\n")
        let fuzzer = try OrderFuzzer(seed: 1)
        // Control groups stay open for the next sandbox: only when each slot was in use once is the count settled.
        _ = try Self.send(300, of: fuzzer, to: jailer)
        let before = try Self.settledDescriptors(of: jailer, atMost: .max)

        let answers = try Self.send(2_000, of: fuzzer, to: jailer)
        #expect(jailer.isAlive)
        #expect(answers.refused > 500 && answers.ended > 100 && answers.disconnected > 100, "\(answers)")
        // A pool may wait with fewer sandboxes than it would keep: each is a socket and a pid.
        let most = before + 2 * 4
        #expect(try Self.settledDescriptors(of: jailer, atMost: most) <= most)
        let last = try jailer.run(["/bin/sh", "-c", "echo after; exit 3"])
        #expect(last.stdout == "after\n")
        #expect(last.report.wait_status == 3 << 8)
        #expect(last.report.reason == UInt32(CJAIL_END_OWN.rawValue))
    }

    @Test func `what is parked for others makes place for a key that comes`() throws {
        let jailer = try JailerProcess(arguments: ["--sandboxes", "4"])
        for turn in 0..<3 {
            for key in ["a", "b", "c", "d", "e"] {
                let text = try jailer.run(["/bin/echo", key], key: key).stdout
                #expect(text == key + "\n", "turn \(turn)")
            }
            // Time for pools to be filled up again.
            usleep(400_000)
        }
    }

    @Test(arguments: OrderCase.all)
    func `an order out of bounds is refused by the name of what is wrong`(_ row: OrderCase) throws {
        var order = JailerProcess.runOrder(token: 77)
        row.change(&order)
        let report = try Self.answer(to: order, descriptors: 4)
        #expect(report.kind == UInt32(CJAIL_REPORT_REFUSED.rawValue))
        #expect(report.token == 77)
        #expect(JailerProcess.words(report) == "order: \(row.field)")
    }

    @Test(arguments: [0, 1, 3, 6, 8])
    func `an order with too few or too many descriptors is refused`(_ count: Int) throws {
        let report = try Self.answer(to: JailerProcess.runOrder(token: 5), descriptors: count)
        #expect(report.kind == UInt32(CJAIL_REPORT_REFUSED.rawValue))
        #expect(JailerProcess.words(report) == "order: descriptors")
    }

    @Test func `sandboxes can read their root, whatever mask the jailer was started with`() throws {
        let jailer = try JailerProcess(arguments: ["--sandboxes", "2"], mask: "077")
        let (report, output) = try jailer.run([
            "/bin/sh", "-c", "umask; cat /etc/hostname; echo x > /tmp/y; cat /tmp/y",
        ])
        #expect(report.kind == UInt32(CJAIL_REPORT_ENDED.rawValue), "\(JailerProcess.words(report))")
        #expect(output == "0022\ndiatom\nx\n")
    }

    @Test func `a client that reads no answer holds up nobody else`() throws {
        let jailer = try JailerProcess(arguments: ["--sandboxes", "2"])
        let deaf = try jailer.connect()
        _ = fcntl(deaf.rawValue, F_SETFL, O_NONBLOCK)
        let hello = withUnsafeBytes(of: JailerProcess.hello()) { Array($0) }
        var sent = 0
        // Until the jailer has hung up on it, or takes no more.
        for _ in 0..<20_000 {
            do throws(SystemFailure) {
                try RawSocket.send(hello, to: deaf.rawValue)
                sent += 1
            } catch  where error.code == EAGAIN {
                usleep(100)
            } catch {
                break
            }
        }
        #expect(sent > 500, "fewer than a socket holds")
        #expect(try jailer.run(["/bin/echo", "others"]).stdout == "others\n")
        #expect(jailer.isAlive)
    }

    @Test(.enabled(if: geteuid() == 0, "only root can come as another user"))
    func `a stranger's connection is closed without a word`() async throws {
        await #expect(processExitsWith: .success) {
            let jailer = try JailerProcess(arguments: ["--sandboxes", "2"])
            let own = try jailer.connect()
            #expect(seteuid(4711) == 0)
            let socket = try jailer.connectAsStranger()
            #expect(seteuid(0) == 0)
            #expect(try JailerProcess.report(socket.rawValue) == nil)
            let client = MessageSocket(Descriptor(adopting: dup(own.rawValue)))
            try client.send(JailerProcess.hello())
            #expect(try JailerProcess.report(own.rawValue)?.kind == UInt32(CJAIL_REPORT_HELLO.rawValue))
        }
    }

    private static func answer(to order: cjail_order, descriptors count: Int) throws -> cjail_report {
        let jailer = try JailerProcess(arguments: ["--sandboxes", "2"])
        let socket = try jailer.connect()
        let null = Descriptor(adopting: open("/dev/null", O_RDWR | O_CLOEXEC))
        let client = MessageSocket(Descriptor(adopting: dup(socket.rawValue)))
        try client.send(order, descriptors: [Int32](repeating: null.rawValue, count: count))
        return try #require(try JailerProcess.report(socket.rawValue))
    }

    struct Answers {
        var refused = 0
        var ended = 0
        var disconnected = 0
    }

    /// Every run that is asked for over a connection that lasts must be answered, once.
    private static func send(_ count: Int, of fuzzer: OrderFuzzer, to jailer: JailerProcess) throws -> Answers
    {
        var answers = Answers()
        var socket = try jailer.connect()
        var open: Set<UInt64> = []
        for number in 0..<count {
            let message = fuzzer.make()
            do throws(SystemFailure) {
                try RawSocket.send(message.bytes, descriptors: message.descriptors, to: socket.rawValue)
            } catch {
                Issue.record("message \(number) could not be sent: \(error)")
                return answers
            }
            if let token = message.token { open.insert(token) }
            if !message.isWellFormed {
                while (try? JailerProcess.report(socket.rawValue)) ?? nil != nil {}
                answers.disconnected += 1
                open = []
                socket = try jailer.connect()
            } else if number % 10 == 9 {
                try settle(socket.rawValue, &open, &answers)
            }
        }
        try settle(socket.rawValue, &open, &answers)
        return answers
    }

    private static func settle(_ socket: Int32, _ open: inout Set<UInt64>, _ answers: inout Answers) throws {
        while !open.isEmpty {
            let report = try #require(try JailerProcess.report(socket), "hung up, with \(open) unanswered")
            switch report.kind {
            case UInt32(CJAIL_REPORT_REFUSED.rawValue): answers.refused += 1
            case UInt32(CJAIL_REPORT_ENDED.rawValue): answers.ended += 1
            default: continue
            }
            #expect(
                open.remove(report.token) != nil, "run \(report.token) was answered twice, or never asked for"
            )
        }
    }

    /// The number of a jailer's descriptors once it has stopped changing, or has come down to what is expected.
    private static func settledDescriptors(of jailer: JailerProcess, atMost expected: Int) throws -> Int {
        var last = try #require(RawSocket.openDescriptors(of: jailer.pid))
        var unchanged = 0
        for _ in 0..<1000 where unchanged < 50 && (last > expected || expected == .max) {
            usleep(20_000)
            let now = try #require(RawSocket.openDescriptors(of: jailer.pid))
            unchanged = now == last ? unchanged + 1 : 0
            last = now
        }
        return last
    }
}
