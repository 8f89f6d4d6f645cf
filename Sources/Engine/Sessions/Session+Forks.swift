internal import Domain
internal import Glibc
internal import Posix
internal import Synchronization
internal import Workers

/// Copies of a session that go their own way.
extension Session {
    /// The gate that lets a fork out of its sandbox is the first sandbox's (Sources/CJail/gate.c).
    private static let deepest = 1
    private static let mostAtOnce = 4

    func fork(
        count: Int, checkpoint: String?, drops: Bool
    ) async throws(RequestError) -> [Result<any LiveSession, RequestError>] {
        guard depth < Self.deepest else {
            throw RequestError(
                .unsupported, "fork: a session that is a fork itself cannot be forked in this version")
        }
        return try await usingAll { () async throws(RequestError) in
            let (number, isKept) = try await stateToFork(checkpoint, drops: drops)
            var problem: RequestError?
            var forks: [Result<any LiveSession, RequestError>] = []
            do throws(SystemFailure) { try await sandbox.branch(from: number) } catch {
                problem = Self.problem(error)
            }
            if problem == nil { forks = await branches(count) }
            if !isKept { await sandbox.forgetCheckpoint(number) }
            if let problem { throw problem }
            return forks
        }
    }

    /// What came of one of several.
    private struct Outcome: Sendable {
        var number: Int
        var fork: Session?
        var error: RequestError?
    }

    /// A few at a time: while one is let in the next one's sandbox is made.
    private func branches(_ count: Int) async -> [Result<any LiveSession, RequestError>] {
        let outcomes = await withTaskGroup(of: Outcome.self) { group in
            var outcomes: [Outcome] = []
            for number in 0..<count {
                if number >= Self.mostAtOnce, let outcome = await group.next() { outcomes.append(outcome) }
                group.addTask { await self.branch(number) }
            }
            for await outcome in group { outcomes.append(outcome) }
            return outcomes.sorted { $0.number < $1.number }
        }
        return outcomes.map { outcome in
            if let fork = outcome.fork { return .success(fork) }
            return .failure(outcome.error ?? Self.conflict("fork: came to nothing"))
        }
    }

    private func branch(_ number: Int) async -> Outcome {
        var outcome = Outcome(number: number)
        do throws(RequestError) { outcome.fork = try await branch() } catch { outcome.error = error }
        return outcome
    }

    /// The checkpoint that is asked for, or one of this moment.
    private func stateToFork(
        _ id: String?, drops: Bool
    ) async throws(RequestError) -> (number: UInt64, isKept: Bool) {
        if let id { return (try checkpoint(named: id).number, true) }
        let number = nextCheckpointNumber()
        _ = try await keep(number, drops: drops, withFiles: false)
        return (number, false)
    }

    private static func problem(_ error: SystemFailure) -> RequestError {
        switch error.code {
        case E2BIG:
            conflict("fork: the session has not exactly one context that can be copied; remove the others")
        case EOPNOTSUPP:
            RequestError(.unsupported, "fork: sandboxes cannot be nested here; `diatom doctor` says why")
        default: SessionProblem.error(error.code, what: "fork", path: "")
        }
    }

    private func branch() async throws(RequestError) -> Session {
        guard let context = state.withLock({ $0.contexts.first { $0.language.canFreeze } }) else {
            throw Self.conflict("fork: the session has no context that can be copied")
        }
        var info = info
        let parent = info.id
        info = SessionInfo(
            id: .now(), request: info.request, state: .running, created: WallClock.now(),
            receipt: info.receipt)
        info.parent = parent
        var order = SessionOrder(
            host: .pythonContext, environment: Self.environment(of: info), limits: info.request.limits,
            key: info.request.key)
        order.network = info.request.network
        order.origin = sandbox
        let opened: SandboxSession
        do throws(SystemFailure) { opened = try sandbox.open(order) } catch {
            throw RequestError(.isolationUnavailable, "fork: no sandbox can be had: \(error)")
        }
        let first = SessionContext(id: context.id, language: context.language, cwd: context.cwd)
        first.adopt(opened.first)
        if let why = await opened.whenOpen() {
            throw RequestError(.isolationUnavailable, "fork: no sandbox can be had: \(why)")
        }
        let fork = Session(
            info, sandbox: opened, first: first, origin: self, catalogue: catalogue, register: register)
        do throws(RequestError) { try register(fork) } catch {
            fork.stop("there were too many sessions")
            throw error
        }
        return fork
    }
}
