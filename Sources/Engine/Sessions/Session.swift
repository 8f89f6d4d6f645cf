internal import Domain
internal import Glibc
internal import Languages
internal import Posix
internal import Synchronization
internal import Wire
internal import Workers

/// One session, from its sandbox's start until after its end.
final class Session: LiveSession {
    struct State {
        var info: SessionInfo
        var contexts: [SessionContext] = []
        var nextContext = 1
        var commands: [Int: SessionCommand] = [:]
        var checkpoints: [(number: UInt64, value: Checkpoint)] = []
        var nextCheckpoint: UInt64 = 1
        /// The checkpoint that it was last at.
        var position: String?
        /// Monotonic nanoseconds.
        var used = Monotonic.now()
        var born = Monotonic.now()
        /// Requests, cells and commands under way: while there are any it is not idle.
        var busy = 0
        /// While the whole of it is kept, or put back.
        var isExclusive = false
        var cells = 0
        var commandCount = 0
    }

    let id: SessionID
    let sandbox: SandboxSession
    let hull: SessionHull
    /// How often it is a copy of another.
    let depth: Int
    let catalogue: LanguageCatalogue
    /// Makes known those that branch off from it.
    let register: @Sendable (Session) throws(RequestError) -> Void
    let state: Mutex<State>

    init(
        _ info: SessionInfo, sandbox: SandboxSession, first: SessionContext?, origin: Session? = nil,
        catalogue: LanguageCatalogue,
        register: @escaping @Sendable (Session) throws(RequestError) -> Void
    ) {
        id = info.id
        self.sandbox = sandbox
        hull = SessionHull(sandbox, within: origin?.hull)
        depth = (origin?.depth ?? -1) + 1
        self.register = register
        self.catalogue = catalogue
        state = Mutex(State(info: info))
        if let first { state.withLock { $0.contexts = [first] } }
        sandbox.onEnd { [weak self] reason in self?.hasEnded(reason) }
    }

    var info: SessionInfo {
        state.withLock { state in
            var info = state.info
            info.expires = Self.expiry(state)
            return info
        }
    }

    var isAlive: Bool { state.withLock { $0.info.state == .running || $0.info.state == .paused } }

    private func hasEnded(_ reason: String) {
        let contexts = state.withLock { state in
            if state.info.state == .running || state.info.state == .paused {
                state.info.state = reason == "ended" ? .stopped : .lost
                state.info.reason = reason
            }
            return state.contexts
        }
        for context in contexts { context.detach(.withSession) }
        hull.hasEnded()
    }

    // MARK: Its life

    func change(_ change: SessionChange) async throws(RequestError) {
        try await using { () async throws(RequestError) in
            state.withLock { state in
                if let name = change.name { state.info.request.name = name }
                if let metadata = change.metadata { state.info.request.metadata = metadata }
                if let idle = change.idle { state.info.request.idle = idle }
                if let total = change.total { state.info.request.total = total }
            }
        }
    }

    func pause() async throws(RequestError) {
        guard info.state != .paused else { throw Self.conflict("session: is paused already") }
        try await using { () async throws(RequestError) in
            try await ask(SessionRequestKind.pause, "pause")
            state.withLock { $0.info.state = .paused }
        }
    }

    func resume() async throws(RequestError) {
        guard info.state == .paused else { throw Self.conflict("session: is not paused") }
        state.withLock { $0.info.state = .running }
        try await using { () async throws(RequestError) in
            try await ask(SessionRequestKind.resume, "resume")
        }
    }

    func end() async { stop("ended by its client") }

    /// Ends it, with what its clients are told.
    func stop(_ reason: String) {
        state.withLock { state in
            guard state.info.state == .running || state.info.state == .paused else { return }
            state.info.state = .stopped
            state.info.reason = reason
        }
        hull.end()
    }

    func usage() async throws(RequestError) -> SessionUsage {
        try await using { () async throws(RequestError) in
            var usage = SessionUsage()
            (usage.cells, usage.commands) = state.withLock { ($0.cells, $0.commandCount) }
            if let measure = await sandbox.measure() {
                usage.cpu = measure.cpu
                usage.memory = measure.memory
                usage.memoryPeak = measure.memoryPeak
            }
            let space = try await ask(SessionRequestKind.space, "usage")
            usage.disk = ByteCount(bytes: Int(space.size))
            usage.diskTotal = ByteCount(bytes: Int(space.value))
            return usage
        }
    }

    // MARK: Deadlines

    /// When it ends if nothing happens, in nanoseconds since 1970.
    private static func expiry(_ state: State) -> Int64? {
        guard let rest = rest(state, Monotonic.now()) else { return nil }
        return WallClock.now() + rest
    }

    /// How long it has still, in nanoseconds; nil for ever.
    private static func rest(_ state: State, _ now: Int64) -> Int64? {
        guard state.info.state == .running || state.info.state == .paused else { return nil }
        let request = state.info.request
        let total = request.total.map { state.born + $0.inNanoseconds - now }
        // What is paused uses nothing, and waits for whoever paused it.
        let isIdle = state.busy == 0 && state.info.state == .running
        let idle = isIdle ? request.idle.map { state.used + $0.inNanoseconds - now } : nil
        return [total, idle].compactMap { $0 }.min()
    }

    /// Looks whether its time is over.
    func look(at now: Int64) async {
        let (rest, onTimeout, isTotal) = state.withLock { state in
            let rest = Self.rest(state, now)
            let total = state.info.request.total.map { state.born + $0.inNanoseconds <= now } ?? false
            return (rest, state.info.request.onTimeout, total)
        }
        guard let rest, rest <= 0 else { return }
        if onTimeout == .pause, !isTotal, info.state == .running {
            try? await pause()
        } else {
            stop(isTotal ? "its total time is over" : "it was idle for too long")
        }
    }

    // MARK: What everything is done within

    /// Does something that shares the session with others.
    @discardableResult
    func using<Value>(
        _ body: () async throws(RequestError) -> Value
    ) async throws(RequestError) -> Value {
        try enter(exclusively: false)
        defer { leave(exclusively: false) }
        return try await body()
    }

    /// Does something that needs the whole session to itself.
    func usingAll<Value>(
        _ body: () async throws(RequestError) -> Value
    ) async throws(RequestError) -> Value {
        try enter(exclusively: true)
        defer { leave(exclusively: true) }
        return try await body()
    }

    private func enter(exclusively: Bool) throws(RequestError) {
        let obstacle: String? = state.withLock { state in
            switch state.info.state {
            case .stopped, .lost:
                return "session: is \(state.info.state.rawValue): \(state.info.reason ?? "")"
            case .paused: return "session: is paused; resume it first"
            case .running: break
            }
            if state.isExclusive { return "session: its state is being kept or put back just now; try again" }
            if exclusively {
                if let busy = state.contexts.first(where: \.isBusy) {
                    return "session: a cell runs in context \(busy.id); interrupt it, or wait for its end"
                }
                state.isExclusive = true
            }
            state.busy += 1
            return nil
        }
        if let obstacle { throw Self.conflict(obstacle) }
    }

    private func leave(exclusively: Bool) {
        state.withLock { state in
            state.busy -= 1
            state.used = Monotonic.now()
            if exclusively { state.isExclusive = false }
        }
    }

    static func conflict(_ message: String) -> RequestError { RequestError(.conflict, message) }

    /// Asks init something; `what` is named where it cannot be done.
    @discardableResult
    func ask(
        _ kind: UInt32, _ what: String, value: UInt64 = 0, flags: UInt32 = 0, mode: UInt32 = 0,
        _ first: String = "", _ second: String = ""
    ) async throws(RequestError) -> InitAnswer {
        let request = InitRequest(
            kind, value: value, flags: flags, mode: mode, Array(first.utf8), Array(second.utf8))
        do throws(SystemFailure) { return try await sandbox.ask(request) } catch {
            throw SessionProblem.error(error.code, what: what, path: first)
        }
    }
}
