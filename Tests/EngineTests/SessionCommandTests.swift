internal import Domain
internal import Engine
internal import Synchronization
internal import Testing

/// What a command of a session says, gathered.
final class CommandWatcher: Sendable {
    private struct State {
        var out: [UInt8] = []
        var err: [UInt8] = []
        var end: CommandEnd?
    }

    private let state = Mutex(State())

    var out: String { state.withLock { String(decoding: $0.out, as: UTF8.self) } }
    var err: String { state.withLock { String(decoding: $0.err, as: UTF8.self) } }
    var end: CommandEnd? { state.withLock { $0.end } }

    func take(_ event: CommandEvent) {
        state.withLock { state in
            switch event {
            case .output(let output):
                if output.stream == .stdout { state.out += output.bytes } else { state.err += output.bytes }
            case .ended(let end): state.end = end
            }
        }
    }

    func whenEnded() async throws -> CommandEnd {
        for _ in 0..<2_000 where end == nil { try await Task.sleep(for: .milliseconds(5)) }
        return try #require(end)
    }

    func when(_ isSo: (CommandWatcher) -> Bool) async throws {
        for _ in 0..<2_000 where !isSo(self) { try await Task.sleep(for: .milliseconds(5)) }
        #expect(isSo(self), "out=\(out) err=\(err) end=\(String(describing: end))")
    }
}

extension LiveSession {
    func start(
        _ arguments: [String], configure: (inout CommandRequest) -> Void = { _ in }
    ) async throws -> (pid: Int, watcher: CommandWatcher) {
        var request = CommandRequest(arguments: arguments)
        configure(&request)
        let watcher = CommandWatcher()
        return (try await start(request) { watcher.take($0) }, watcher)
    }
}

@Suite(.serialized, .enabled(if: SessionLab.obstacle == nil, "\(SessionLab.obstacle ?? "")"))
struct SessionCommandTests {
    @Test func `a command prints, and ends with its exit code`() async throws {
        try await SessionLab.with { session in
            let (pid, said) = try await session.start(["sh", "-c", "echo out; echo err >&2; pwd; exit 3"]) {
                $0.cwd = "/tmp"
            }
            #expect(pid > 1)
            let end = try await said.whenEnded()
            #expect(
                end.exitCode == 3 && said.out == "out\n/tmp\n" && said.err == "err\n",
                "\(said.out)\(said.err)\(end)")
            #expect(session.commands().isEmpty)
        }
    }

    @Test func `a program that is not there says so`() async throws {
        try await SessionLab.with { session in
            let (_, said) = try await session.start(["no-such-program"])
            let end = try await said.whenEnded()
            #expect(end.exitCode == 127 && end.reason?.contains("could not be started") == true, "\(end)")
        }
    }

    @Test func `input goes to a command, and ends where it is ended`() async throws {
        try await SessionLab.with { session in
            let (pid, said) = try await session.start(["cat"]) { $0.keepsInput = true }
            try session.write(Array("one ".utf8), toCommand: pid, ends: false)
            try await said.when { $0.out == "one " }
            let large = [UInt8](repeating: 120, count: 1 << 20)
            try session.write(large, toCommand: pid, ends: true)
            let end = try await said.whenEnded()
            #expect(end.exitCode == 0 && said.out.utf8.count == 4 + large.count)
            let (_, given) = try await session.start(["wc", "-c"]) { $0.stdin = Array("12345".utf8) }
            _ = try await given.whenEnded()
            #expect(given.out == "5\n")
        }
    }

    @Test func `a command is signalled, listed and killed`() async throws {
        try await SessionLab.with { session in
            let (pid, said) = try await session.start([
                "sh", "-c", "trap 'echo caught' TERM; echo up; while :; do sleep 0.05; done",
            ])
            try await said.when { $0.out == "up\n" }
            #expect(session.commands().map(\.pid) == [pid])
            try await session.signal(15, command: pid)
            try await said.when { $0.out == "up\ncaught\n" }
            try await session.signal(9, command: pid)
            let end = try await said.whenEnded()
            #expect(end.signal == 9)
            await #expect(throws: RequestError.self) { try await session.signal(9, command: pid) }
        }
    }

    @Test func `a terminal is one, and can be resized`() async throws {
        try await SessionLab.with { session in
            let (pid, said) = try await session.start(["bash", "--norc"]) {
                $0.terminal = .init(rows: 30, columns: 100)
                $0.keepsInput = true
            }
            try session.write(Array("tty -s && stty size; echo $TERM\n".utf8), toCommand: pid, ends: false)
            try await said.when { $0.out.contains("30 100") && $0.out.contains("xterm-256color") }
            try session.resize(.init(rows: 40, columns: 120), command: pid)
            try session.write(Array("stty size\n".utf8), toCommand: pid, ends: false)
            try await said.when { $0.out.contains("40 120") }
            try session.write(Array("sleep 100\n".utf8), toCommand: pid, ends: false)
            try await Task.sleep(for: .milliseconds(300))
            try session.write([3], toCommand: pid, ends: false)  // Ctrl-C
            try await Task.sleep(for: .milliseconds(300))
            try session.write(Array("exit 7\n".utf8), toCommand: pid, ends: false)
            #expect(try await said.whenEnded().exitCode == 7)
        }
    }

    @Test func `a command ends when its time is over`() async throws {
        try await SessionLab.with { session in
            let (_, said) = try await session.start(["sleep", "100"]) { $0.wall = .milliseconds(200) }
            let end = try await said.whenEnded()
            #expect(end.signal == 9 && end.reason == "ran longer than it may", "\(end)")
        }
    }

    @Test func `cells and commands see each other's files and processes`() async throws {
        try await SessionLab.with { session in
            let (_, said) = try await session.start(["sh", "-c", "echo up; exec sleep 1234"])
            try await said.when { $0.out == "up\n" }
            try await Task.sleep(for: .milliseconds(100))
            let seen = try await session.run("!pgrep -x sleep >/dev/null && pkill -x sleep && echo killed")
            #expect(seen.out == "killed\n", seen.account)
            #expect(try await said.whenEnded().signal == 15)
            let ofInit = try await session.run(
                "!cat /proc/1/cmdline /proc/1/environ /proc/1/maps 2>/dev/null; ls /proc/1/fd 2>/dev/null")
            #expect(ofInit.out == "", ofInit.account)
        }
    }

    @Test func `an ended session ends its commands`() async throws {
        let session = try await SessionLab.keeper().create(SessionRequest())
        let (_, said) = try await session.start(["sleep", "100"])
        await session.end()
        #expect(try await said.whenEnded().reason == "the session ended")
    }

    @Test func `a fork bomb stays within the session's limit`() async throws {
        try await SessionLab.with { session in
            let (pid, _) = try await session.start([
                "bash", "-c", "bomb() { bomb | bomb & }; bomb; sleep 100",
            ])
            try await Task.sleep(for: .milliseconds(300))
            try await session.signal(9, command: pid)
            #expect(try await session.value("1 + 1") == "2")
        }
    }
}
