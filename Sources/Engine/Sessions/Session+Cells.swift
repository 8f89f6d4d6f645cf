internal import Domain
internal import Glibc
internal import Posix
internal import Synchronization
internal import Wire
internal import Workers

/// Cells and the contexts that they run in.
extension Session {
    private static let mostContexts = 16
    /// After an interrupt, before its context is ended.
    private static let patience = Duration.seconds(2)
    private static let cpuPause = Duration.milliseconds(200)

    func contexts() -> [ContextInfo] { state.withLock { $0.contexts }.map(\.info) }

    func run(
        _ cell: CellRequest, id: String, observer: CellObserver?
    ) async throws(RequestError) -> CellResult {
        guard cell.onError == .rollback else {
            return try await using { () async throws(RequestError) in
                try await runInTurn(cell, id: id, observer: observer).conclude { _ in }
            }
        }
        return try await transact(cell, id: id, observer: observer)
    }

    /// Runs a cell once those before it in its context have ended.
    private func runInTurn(
        _ request: CellRequest, id: String, observer: CellObserver?
    ) async throws(RequestError) -> CellRun {
        let context = try await self.context(for: request)
        await context.turn.wait()
        defer { context.turn.leave() }
        try await revive(context)
        return await perform(request, id: id, in: context, observer: observer)
    }

    /// A cell that leaves no trace if it does not succeed.
    private func transact(
        _ request: CellRequest, id: String, observer: CellObserver?
    ) async throws(RequestError) -> CellResult {
        let context = try await using { () async throws(RequestError) in
            try await self.context(for: request)
        }
        guard context.language.canFreeze else {
            throw RequestError(
                .unsupported, "on_error: a context of \(context.language.rawValue) cannot be rolled back",
                field: "on_error")
        }
        return try await usingAll { () async throws(RequestError) in
            try await revive(context)
            let number = nextCheckpointNumber()
            _ = try await keep(number, drops: false)
            let run = await perform(request, id: id, in: context, observer: observer)
            if run.result.verdict.status != .succeeded {
                try await returnTo(number)
                await run.rolledBack()
            }
            await sandbox.forgetCheckpoint(number)
            return run.result
        }
    }

    private func perform(
        _ request: CellRequest, id: String, in context: SessionContext, observer: CellObserver?
    ) async -> CellRun {
        state.withLock { $0.cells += 1 }
        let guardian = CellGuardian(session: self, context: context)
        let run = CellRun(id: id, request, context: context.id, observer: observer) {
            guardian.stop(.outputExceeded)
        }
        // Asked for before the cell is sent, and not waited for: it is a tenth of what a short cell takes.
        let asked = Task { [sandbox] in await sandbox.measure() }
        let began = Monotonic.now()
        guardian.watch(wall: request.wall, cpu: request.cpu, since: asked)
        let end = await withTaskCancellationHandler {
            await context.perform(run, request)
        } onCancel: {
            guardian.stop(.cancelled)
        }
        let why = guardian.end()
        let wall = Duration.nanoseconds(Monotonic.now() - began)
        let after = await sandbox.measure()
        let before = await asked.value
        // Only for a cell that failed does it matter how full the disk is.
        var space: InitAnswer?
        if end?.hasSucceeded != true { space = try? await ask(SessionRequestKind.space, "cell") }
        let disk = space.map { (used: $0.size, all: $0.value) }
        _ = run.conclude { result in
            result.usage.wall = wall
            if let now = after?.cpu, let then = before?.cpu { result.usage.cpu = now - then }
            result.usage.memoryPeak = after?.memoryPeak
            result.usage.processesPeak = after?.processesPeak
            let facts = CellFacts(
                end: end ?? .died(.withSession), why: why, before: before, after: after,
                limits: info.request.limits,
                disk: disk)
            facts.conclude(&result, request)
        }
        return run
    }

    // MARK: Contexts

    private func context(for cell: CellRequest) async throws(RequestError) -> SessionContext {
        if let id = cell.context { return try context(named: id) }
        let language = try Self.language(cell.language ?? "python")
        let known = state.withLock { $0.contexts.first { $0.language == language } }
        if let known { return known }
        return try await makeContext(language, cwd: nil)
    }

    static func language(_ name: String) throws(RequestError) -> ContextLanguage {
        guard let language = ContextLanguage(named: name) else {
            let known = ContextLanguage.allCases.map(\.rawValue).joined(separator: ", ")
            throw RequestError(
                .unknownLanguage, "language: '\(name.prefix(64))' has no contexts; \(known) have",
                field: "language")
        }
        return language
    }

    private func context(named id: String) throws(RequestError) -> SessionContext {
        guard let context = state.withLock({ $0.contexts.first { $0.id == id } }) else {
            throw RequestError(
                .notFound, "context: there is none of this id in the session", field: "context")
        }
        return context
    }

    private func makeContext(_ language: ContextLanguage, cwd: String?) async throws(RequestError)
        -> SessionContext
    {
        let context: SessionContext? = state.withLock { state in
            guard state.contexts.count < Self.mostContexts else { return nil }
            let context = SessionContext(
                id: "ctx_\(state.nextContext)", language: language, cwd: cwd ?? "/home/user")
            state.nextContext += 1
            state.contexts.append(context)
            return context
        }
        guard let context else {
            throw Self.conflict("contexts: a session has at most \(Self.mostContexts); remove one first")
        }
        do throws(RequestError) {
            try await revive(context)
            if let cwd { try await move(context, to: cwd) }
            return context
        } catch {
            state.withLock { $0.contexts.removeAll { $0 === context } }
            throw error
        }
    }

    /// Gives a context a process if it has none.
    private func revive(_ context: SessionContext) async throws(RequestError) {
        guard context.process == nil else { return }
        let program =
            context.language.host == nil ? try context.language.program(catalogue).map { Array($0.utf8) } : []
        do throws(SystemFailure) {
            if let host = context.language.host {
                context.adopt(try await sandbox.addContext(host, environment: environment))
            } else {
                context.adopt(try await sandbox.startShell(program, environment: environment))
            }
        } catch {
            throw RequestError(
                .conflict, "context: a new \(context.language.rawValue) could not be started: \(error)")
        }
    }

    private func move(_ context: SessionContext, to cwd: String) async throws(RequestError) {
        let code: String
        switch context.language {
        case .python: code = "import os as _os; _os.chdir(\(Self.literal(cwd))); del _os"
        case .bash: code = "cd -- \(Self.literal(cwd))"
        case .javascript, .typescript: code = "process.chdir(\(Self.literal(cwd)))"
        case .sql: throw RequestError(.unsupported, "cwd: a context of sql has none", field: "cwd")
        }
        var cell = CellRequest(code: code)
        cell.wall = .seconds(10)
        await context.turn.wait()
        defer { context.turn.leave() }
        let run = await perform(cell, id: "cwd", in: context, observer: nil)
        guard run.result.verdict.status != .succeeded else { return }
        throw RequestError(.notFound, "cwd: '\(cwd.prefix(256))' is no folder of the session", field: "cwd")
    }

    /// Quoted as Python and Bash both read it.
    private static func literal(_ text: String) -> String {
        let escaped = text.utf8.map { byte -> String in
            let isPlain =
                (byte >= 0x30 && byte <= 0x39) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7a)
                || "/._- ".utf8.contains(byte)
            return isPlain ? String(UnicodeScalar(byte)) : "\\" + String(UnicodeScalar(byte))
        }
        return "'" + escaped.joined() + "'"
    }

    var environment: [EnvironmentVariable] { Self.environment(of: info) }

    /// What every process of a session finds in its environment.
    static func environment(of info: SessionInfo) -> [EnvironmentVariable] {
        var variables = [
            "PATH": "/home/user/.local/bin:/usr/local/bin:/usr/bin:/bin", "HOME": "/home/user",
            "USER": "user", "LOGNAME": "user",
            "LANG": "C.UTF-8", "SHELL": "/bin/bash", "TMPDIR": "/tmp", "DIATOM_SESSION": info.id.description,
            // A context with other threads cannot be copied, and one core is the usual share.
            "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
        ]
        for variable in info.request.env { variables[variable.name] = variable.value }
        return variables.sorted { $0.key < $1.key }.map { EnvironmentVariable(name: $0.key, value: $0.value) }
    }

    func addContext(language: String, cwd: String?) async throws(RequestError) -> ContextInfo {
        let language = try Self.language(language)
        return try await using { () async throws(RequestError) in
            try await makeContext(language, cwd: cwd).info
        }
    }

    func removeContext(_ id: String) async throws(RequestError) {
        try await using { () async throws(RequestError) in
            let context = try self.context(named: id)
            state.withLock { $0.contexts.removeAll { $0 === context } }
            await end(context)
        }
    }

    func restartContext(_ id: String) async throws(RequestError) -> ContextInfo {
        try await using { () async throws(RequestError) in
            let context = try self.context(named: id)
            await end(context)
            await context.turn.wait()
            defer { context.turn.leave() }
            try await revive(context)
            return context.info
        }
    }

    private func end(_ context: SessionContext) async {
        guard let process = context.process else { return }
        context.detach(ProcessEnd(status: 9))
        try? await sandbox.signal(process, SIGKILL, group: true)
    }

    func complete(_ code: String, cursor: Int?, context id: String) async throws(RequestError) -> Completions
    {
        try await using { () async throws(RequestError) in
            let context = try self.context(named: id)
            let nothing = Completions(matches: [], start: cursor ?? code.count, end: cursor ?? code.count)
            // What runs just now would answer only at its end.
            guard context.turn.take() else { return nothing }
            defer { context.turn.leave() }
            return await context.complete(code, cursor: cursor) ?? nothing
        }
    }

    // MARK: While a cell runs

    func answer(cell: String, request: String, text: String?) throws(RequestError) {
        let contexts = state.withLock { $0.contexts }
        for context in contexts {
            guard let run = context.current, run.id == cell else { continue }
            guard run.answers(request), context.answer(request, text) else {
                throw Self.conflict("id: the cell waits for no input of this id")
            }
            return
        }
        throw RequestError(.notFound, "cell: no cell of this id runs in the session")
    }

    func interrupt(context id: String?) async throws(RequestError) {
        var contexts = state.withLock { $0.contexts }
        if let id { contexts = [try context(named: id)] }
        for context in contexts where context.isBusy { context.guardian?.stop(.cancelled) }
    }

    /// Interrupts what runs in a context; what does not heed that is ended with its context.
    func interrupt(_ context: SessionContext) async {
        guard let process = context.process else { return }
        try? await sandbox.signal(process, SIGINT, group: true)
        try? await Task.sleep(for: Self.patience)
        guard !Task.isCancelled, context.process === process else { return }
        try? await sandbox.signal(process, SIGKILL, group: true)
    }

    /// Waits until a cell has used more CPU time than it may.
    func whenSpent(_ cpu: Duration, since start: Task<SessionMeasure?, Never>) async {
        guard let before = await start.value?.cpu else { return }
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.cpuPause)
            guard let now = await sandbox.measure()?.cpu, now - before > cpu else { continue }
            return
        }
    }
}
