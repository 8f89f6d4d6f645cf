internal import Domain
internal import Glibc
internal import Posix
internal import Synchronization
internal import Workers

/// Programs that are started in a session.
extension Session {
    private static let mostCommands = 64

    func commands() -> [CommandInfo] {
        state.withLock { $0.commands.values.map(\.info) }.sorted { $0.pid < $1.pid }
    }

    func start(
        _ request: CommandRequest, observer: @escaping CommandObserver
    ) async throws(RequestError) -> Int {
        try await using { () async throws(RequestError) in
            guard commands().count < Self.mostCommands else {
                throw Self.conflict(
                    "commands: at most \(Self.mostCommands) run in a session at a time; end one first")
            }
            if let cwd = request.cwd {
                guard try await state(ofFile: cwd).kind == .folder else {
                    throw RequestError(.conflict, "cwd: '\(cwd.prefix(256))' is no folder", field: "cwd")
                }
            }
            let (process, pid) = try await begin(request)
            let info = CommandInfo(
                pid: pid, arguments: request.arguments, cwd: request.cwd, isTerminal: request.terminal != nil,
                started: WallClock.now())
            let command = SessionCommand(info, process: process)
            state.withLock { state in
                state.commands[pid] = command
                state.commandCount += 1
                state.busy += 1
            }
            if let stdin = request.stdin { _ = process.write(stdin) }
            if !request.keepsInput { process.closeInput() }
            Task { await self.follow(command, observer) }
            if let wall = request.wall { Task { await self.end(command, after: wall) } }
            return pid
        }
    }

    private func begin(_ request: CommandRequest) async throws(RequestError) -> (SessionProcess, Int) {
        var arguments = request.arguments
        if let cwd = request.cwd {
            arguments = ["/bin/sh", "-c", "cd -- \"$0\" && exec \"$@\"", cwd] + arguments
        }
        var variables: [String: String] = [:]
        for variable in environment + request.env { variables[variable.name] = variable.value }
        if request.terminal != nil, variables["TERM"] == nil { variables["TERM"] = "xterm-256color" }
        let list = variables.sorted { $0.key < $1.key }.map {
            EnvironmentVariable(name: $0.key, value: $0.value)
        }
        let terminal = request.terminal.map { (UInt16(clamping: $0.rows), UInt16(clamping: $0.columns)) }
        do throws(SystemFailure) {
            return try await sandbox.startProgram(
                arguments.map { Array($0.utf8) }, environment: list, terminal: terminal)
        } catch {
            throw SessionProblem.error(error.code, what: "cmd", path: "")
        }
    }

    private func follow(_ command: SessionCommand, _ observer: CommandObserver) async {
        while let event = await command.process.channel.next() {
            switch event {
            case .output(let output): await observer(.output(output))
            case .ended(let end):
                state.withLock { state in
                    state.commands[command.info.pid] = nil
                    state.busy -= 1
                    state.used = Monotonic.now()
                }
                await observer(.ended(command.end(end)))
            case .frame: break
            }
        }
    }

    private func end(_ command: SessionCommand, after wall: Duration) async {
        try? await Task.sleep(for: wall)
        guard state.withLock({ $0.commands[command.info.pid] === command }) else { return }
        command.isLate = true
        try? await sandbox.signal(command.process, SIGKILL, group: true)
    }

    private func command(_ pid: Int) throws(RequestError) -> SessionCommand {
        guard let command = state.withLock({ $0.commands[pid] }) else {
            throw RequestError(.notFound, "pid: no command of this number runs in the session")
        }
        return command
    }

    func write(_ bytes: [UInt8], toCommand pid: Int, ends: Bool) throws(RequestError) {
        let command = try command(pid)
        if !bytes.isEmpty, !command.process.write(bytes) {
            throw Self.conflict("stdin: is closed, or the command does not read what it was given")
        }
        if ends { command.process.closeInput() }
    }

    func signal(_ number: Int32, command pid: Int) async throws(RequestError) {
        try await using { () async throws(RequestError) in
            let command = try command(pid)
            do throws(SystemFailure) {
                try await sandbox.signal(command.process, number, group: number == SIGKILL)
            } catch { throw SessionProblem.error(error.code, what: "signal", path: "") }
        }
    }

    func resize(_ size: CommandRequest.Terminal, command pid: Int) throws(RequestError) {
        guard
            try command(pid).process.resize(
                rows: UInt16(clamping: size.rows), columns: UInt16(clamping: size.columns))
        else { throw Self.conflict("pid: the command has no terminal") }
    }
}

/// A command that runs.
final class SessionCommand: Sendable {
    let info: CommandInfo
    let process: SessionProcess
    private let late = Atomic(false)

    init(_ info: CommandInfo, process: SessionProcess) {
        self.info = info
        self.process = process
    }

    var isLate: Bool {
        get { late.load(ordering: .relaxed) }
        set { late.store(newValue, ordering: .relaxed) }
    }

    func end(_ end: ProcessEnd) -> CommandEnd {
        var command = CommandEnd(exitCode: end.exitCode, signal: end.signal)
        if end.failure != 0 {
            command.exitCode = end.failure == ENOENT ? 127 : 126  // as shells say it
            command.reason = "could not be started: \(String(cString: strerror(end.failure)))"
        } else if isLate {
            command.reason = "ran longer than it may"
        } else if end.sessionEnded {
            command.reason = "the session ended"
        }
        return command
    }
}
