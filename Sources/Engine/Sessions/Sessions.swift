package import Domain
internal import Glibc
internal import Languages
internal import Posix
internal import Synchronization
internal import Workers

/// The sessions of one engine: makes them, knows them, ends them when their time is over.
package final class Sessions: SessionKeeper {
    private struct State {
        var sessions: [SessionID: Session] = [:]
        /// Those that are over, oldest first; remembered for a while.
        var order: [SessionID] = []
        var isWatching = false
    }

    /// Of those that are over.
    private static let mostRemembered = 1_000

    private let most: Int
    private let maxima: LimitMaxima
    private let catalogue: LanguageCatalogue
    private let link: @Sendable () async throws(RequestError) -> (JailerLink, JailerGreeting)
    private let check: @Sendable (NetworkPolicy) throws(RequestError) -> Void
    private let state = Mutex(State())

    /// `most`: How many there may be at a time.
    init(
        most: Int, maxima: LimitMaxima, catalogue: LanguageCatalogue,
        check: @escaping @Sendable (NetworkPolicy) throws(RequestError) -> Void,
        link: @escaping @Sendable () async throws(RequestError) -> (JailerLink, JailerGreeting)
    ) {
        self.most = most
        self.maxima = maxima
        self.catalogue = catalogue
        self.check = check
        self.link = link
    }

    package func all() -> [any LiveSession] {
        state.withLock { Array($0.sessions.values) }.sorted { $0.id.description < $1.id.description }
    }

    package func find(_ id: SessionID) -> (any LiveSession)? { state.withLock { $0.sessions[id] } }

    package func create(_ request: SessionRequest) async throws(RequestError) -> any LiveSession {
        var request = request
        LimitCheck.lower(&request.limits, for: request.allowance)
        try LimitCheck.check(request.limits, against: maxima, field: "limits")
        try LimitCheck.check(request)
        try check(request.network)
        let (link, greeting) = try await link()
        let hasPython = greeting.hosts.contains(.pythonContext)
        let host: StepOrder.Host = hasPython ? .pythonContext : .exec
        var receipt = Receipt(
            layers: greeting.layers, policy: greeting.policy(of: hasPython ? .forked : .exec),
            hostUser: greeting.hasOwnUsers ? .own : .shared, start: hasPython ? .forked : .exec,
            memory: greeting.isSampled ? "sampled" : "control group")
        receipt.network = request.network
        let info = SessionInfo(
            id: .now(), request: request, state: .running, created: WallClock.now(), receipt: receipt)
        try checkRoom()
        let session = try await open(info, host: host, over: link)
        do throws(RequestError) { try register(session) } catch {
            session.stop("there were too many sessions")
            throw error
        }
        return session
    }

    /// Makes a session known, unless there are too many.
    private func register(_ session: Session) throws(RequestError) {
        let isTaken = state.withLock { state in
            guard alive(state) < most else { return false }
            state.sessions[session.id] = session
            state.order.append(session.id)
            return true
        }
        guard isTaken else { throw full }
        watch()
    }

    private func open(
        _ info: SessionInfo, host: StepOrder.Host, over link: JailerLink
    ) async throws(RequestError) -> Session {
        var order = SessionOrder(
            host: host, environment: Session.environment(of: info), limits: info.request.limits,
            key: info.request.key)
        order.network = info.request.network
        // Something has to be there; without IPython it only waits.
        if host == .exec { order.arguments = [Array("/bin/sleep".utf8), Array("infinity".utf8)] }
        let sandbox: SandboxSession
        do throws(SystemFailure) { sandbox = try link.openSession(order) } catch {
            throw RequestError(.isolationUnavailable, "session: no sandbox can be had: \(error)")
        }
        let first = host == .exec ? nil : SessionContext(id: "ctx_0", language: .python, cwd: "/home/user")
        first?.adopt(sandbox.first)
        if let why = await sandbox.whenOpen() {
            throw RequestError(.isolationUnavailable, "session: no sandbox can be had: \(why)")
        }
        return Session(info, sandbox: sandbox, first: first, catalogue: catalogue) {
            [weak self] (fork) throws(RequestError) in
            try self?.register(fork)
        }
    }

    private func alive(_ state: State) -> Int {
        state.sessions.values.reduce(0) { $0 + ($1.isAlive ? 1 : 0) }
    }

    /// Before anything is made.
    private func checkRoom() throws(RequestError) {
        guard state.withLock({ alive($0) }) >= most else { return }
        throw full
    }

    private var full: RequestError {
        var error = RequestError(
            .busy, "session: there are \(most) already, as many as there may be; end one first")
        error.retryAfter = .seconds(5)
        return error
    }

    /// Looks at the deadlines twice a second, for as long as there are sessions.
    private func watch() {
        let starts = state.withLock { state in
            defer { state.isWatching = true }
            return !state.isWatching
        }
        guard starts else { return }
        Task { [weak self] in
            while let self, await self.lookAround() { try? await Task.sleep(for: .milliseconds(500)) }
        }
    }

    private func lookAround() async -> Bool {
        let now = Monotonic.now()
        let sessions = state.withLock { $0.sessions.values.filter(\.isAlive) }
        for session in sessions { await session.look(at: now) }
        return state.withLock { state in
            while state.order.count > Self.mostRemembered {
                guard let place = state.order.firstIndex(where: { state.sessions[$0]?.isAlive != true })
                else { break }
                state.sessions[state.order.remove(at: place)] = nil
            }
            state.isWatching = state.sessions.values.contains(where: \.isAlive)
            return state.isWatching
        }
    }

    /// Ends all of them.
    package func endAll(_ reason: String) {
        for session in state.withLock({ Array($0.sessions.values) }) where session.isAlive {
            session.stop(reason)
        }
    }
}
