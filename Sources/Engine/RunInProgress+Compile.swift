internal import Domain
internal import Languages
internal import Storage
internal import Workers

extension RunInProgress {
    /// - Returns: What compiling made, or nil when the run is over.
    mutating func compileStep(
        _ compile: LanguagePack.Compile, over link: JailerLink
    ) async throws(RequestError) -> [SourceFile]? {
        var order = StepOrder(
            host: .exec, arguments: try expand(compile.command), environment: plan.environment(compile.env),
            files: request.files, stdin: .bytes([]), limits: request.compileLimits, key: request.key)
        order.collects = true
        let kind = Making(outputs: compile.outputs, errors: plan.pack.compileErrors)
        guard let cache = compiled.open() else { return try await make(order, kind, over: link)?.files }
        let address = CompileAddress.of(
            order, outputs: compile.outputs, programs: plan.values.programs, pack: plan.pack.id,
            policy: greeting.policy)
        switch await cache.board(address) {
        case .found(let program): return await reuse(program)
        case .compileAlone: return try await make(order, kind, over: link)?.files
        case .compile:
            let made: CompiledProgram?
            do throws(RequestError) { made = try await make(order, kind, over: link) } catch {
                await cache.land(address, nil)
                throw error
            }
            // Without its first output a step has made nothing that could be used again.
            let first = compile.outputs.first.map(PathPattern.init)
            let isWhole = made?.files.contains { first?.matches($0.path) == true } ?? false
            await cache.land(address, isWhole ? made : nil)
            return made?.files
        }
    }

    private mutating func reuse(_ program: CompiledProgram) async -> [SourceFile] {
        var result = CompileResult(verdict: Verdict(status: .succeeded, exitCode: 0))
        result.stdout = program.stdout
        result.stderr = program.stderr
        result.cached = true
        await emit(.compiled(result))
        return program.files
    }

    /// Checks types in a sandbox.
    ///
    /// - Returns: Whether all is well; else the run is over, and its result says what is wrong.
    mutating func checkTypes(_ check: TypeCheck, over link: JailerLink) async throws(RequestError) -> Bool {
        let order = StepOrder(
            host: .exec, arguments: try expand(check.command), environment: plan.environment(check.env),
            files: request.files, stdin: .bytes([]), limits: request.compileLimits, key: request.key)
        return try await make(order, Making(outputs: [], errors: check.errors), over: link) != nil
    }

    /// What a step before the run is to leave, and how what it prints is read.
    private struct Making {
        var outputs: [String]
        var errors: ErrorRules?
    }

    /// Compiles in a sandbox.
    ///
    /// - Returns: nil when that did not succeed; the run is over then, and its result is complete.
    private mutating func make(
        _ order: StepOrder, _ kind: Making, over link: JailerLink
    ) async throws(RequestError) -> CompiledProgram? {
        var step = StepFold(wanted: FileWish(patterns: kind.outputs, configuration: configuration))
        let outcome = try await perform(order, over: link, into: &step, streams: false)
        var result = CompileResult(verdict: VerdictRules.verdict(outcome, limits: request.compileLimits))
        result.stdout = step.stdout
        result.stderr = step.stderr
        result.usage = outcome.usage
        if result.verdict.status == .failed || result.verdict.status == .killed {
            result.verdict.status = .compileFailed
        }
        if result.verdict.status != .succeeded { readErrors(kind.errors, into: &result) }
        await emit(.compiled(result))
        guard result.verdict.status == .succeeded else {
            await endUncompiled(result, failure: outcome.failure)
            return nil
        }
        let files = step.files.map {
            SourceFile(path: $0.path, content: $0.content, executable: $0.executable)
        }
        return CompiledProgram(files: files, stdout: step.stdout, stderr: step.stderr)
    }

    private func readErrors(_ rules: ErrorRules?, into result: inout CompileResult) {
        guard let rules else { return }
        result.errors = GuestErrorReader.readAll(
            rules, stderr: result.stderr, exitCode: result.verdict.exitCode, sources: request.files)
    }

    private mutating func endUncompiled(_ result: CompileResult, failure: String?) async {
        let ended = result.verdict.status
        let status: RunStatus = ended == .cancelled || ended == .engineFailed ? ended : .compileFailed
        var verdict = Verdict(status: status, limit: result.verdict.limit)
        if status == .compileFailed { verdict.exitCode = nil }
        fold.result.failure = failure
        fold.result.error = result.errors.first
        await emit(.finished(RunEvent.Finished(verdict: verdict, usage: Usage())))
    }
}
