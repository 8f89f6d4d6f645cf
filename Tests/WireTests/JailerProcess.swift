internal import CJail
internal import Domain
internal import Glibc
internal import Posix
internal import Wire

/// A real jailer that listens, and clients that speak to it with bare messages.
final class JailerProcess: Sendable {
    static let program = ChildProcess.ownFolder() + "/diatom-jailer"
    static var isBuilt: Bool { access(program, X_OK) == 0 }

    struct Hung: Error {
        var waitingFor: String
    }

    let pid: Int32
    private let path: String

    /// `mask`: The mask of new files' modes that it is started with.
    init(arguments: [String], mask: String = "022") throws(SystemFailure) {
        path = "@diatom-test-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        let line =
            ["--listen", path, "--listen-users", "\(getuid())", "--allow", "memory:sampled"] + arguments
        pid = try ChildProcess.start(
            "/bin/sh", ["-c", #"umask "$0"; exec "$@""#, mask, Self.program] + line,
            environment: ["LANG=C.UTF-8"], descriptors: [])
    }

    /// Ends it as an operator would not: its janitor removes what is left.
    deinit {
        kill(pid, SIGKILL)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
    }

    var isAlive: Bool { waitpid(pid, nil, WNOHANG) == 0 }

    func connect() throws -> Descriptor {
        for _ in 0..<1000 {
            if let socket = try? UnixSocket.connect(to: path, owner: getuid()) { return socket }
            usleep(10_000)
        }
        throw Hung(waitingFor: "a connection")
    }

    /// A connection made by whoever we are just now; the jailer listens already.
    func connectAsStranger() throws(SystemFailure) -> Descriptor { try UnixSocket.connect(to: path) }

    /// The next report, within a time that only a hang takes.
    static func report(_ socket: Int32) throws -> cjail_report? {
        var watched = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        guard poll(&watched, 1, 30_000) > 0 else { throw Hung(waitingFor: "a report") }
        var report = cjail_report()
        let got = recv(socket, &report, MemoryLayout<cjail_report>.size, 0)
        guard got > 0 else { return nil }
        guard got == MemoryLayout<cjail_report>.size else {
            throw Hung(waitingFor: "a whole report, not \(got) bytes")
        }
        return report
    }

    static func hello() -> cjail_order {
        var order = cjail_order()
        order.kind = UInt32(CJAIL_ORDER_HELLO.rawValue)
        order.version = UInt32(CJAIL_ORDERS_VERSION)
        return order
    }

    static func runOrder(token: UInt64, key: String = "local") -> cjail_order {
        var order = cjail_order()
        order.kind = UInt32(CJAIL_ORDER_RUN.rawValue)
        order.host = UInt32(CJAIL_HOST_EXEC.rawValue)
        order.token = token
        order.wall_ns = 20_000_000_000
        order.cpu_ns = 20_000_000_000
        order.memory_bytes = 256 << 20
        order.disk_bytes = 16 << 20
        order.files = 1000
        order.processes = 16
        order.cpu_percent = 100
        withUnsafeMutableBytes(of: &order.key) { $0.copyBytes(from: key.utf8) }
        return order
    }

    /// Runs a program as a real client would.
    ///
    /// `network`: The network socket, where it is to have one.
    func run(
        _ arguments: [String], key: String = "local", network: Int32? = nil
    ) throws -> (report: cjail_report, stdout: String) {
        let socket = try connect()
        let bundle = try Bundle.make(arguments: arguments.map { Array($0.utf8) }, environment: [], files: [])
        var input = try Pair.pipe(shared: true)
        var output = try Pair.pipe(shared: true)
        _ = input.takeSecond()
        let client = MessageSocket(Descriptor(adopting: dup(socket.rawValue)))
        var order = Self.runOrder(token: 1, key: key)
        if network != nil { order.flags = UInt32(CJAIL_GO_NETWORK.rawValue) }
        let streams = [input.first.rawValue, output.second.rawValue, output.second.rawValue]
        try client.send(order, descriptors: [bundle.rawValue] + streams + (network.map { [$0] } ?? []))
        _ = output.takeSecond()
        while let report = try Self.report(socket.rawValue) {
            guard report.kind != UInt32(CJAIL_REPORT_STARTED.rawValue) else { continue }
            var text: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 4096)
            while case let count = read(output.first.rawValue, &buffer, buffer.count), count > 0 {
                text += buffer[0..<count]
            }
            return (report, String(decoding: text, as: UTF8.self))
        }
        throw Hung(waitingFor: "the end of a run")
    }

    static func words(_ report: cjail_report) -> String {
        withUnsafeBytes(of: report.text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
