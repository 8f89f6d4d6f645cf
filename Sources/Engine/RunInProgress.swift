internal import Domain
internal import Languages
internal import Posix
internal import Storage
internal import Workers

/// One run from its first step to its result; its events are folded as they happen.
struct RunInProgress {
    var plan: ProgramPlan
    let greeting: JailerGreeting
    let configuration: EngineConfiguration
    let compiled: LazyCompileCache
    let environments: EnvironmentHosts
    var observer: RunObserver?
    /// What the program imports from; held until the run is over.
    private(set) var environment: EnvironmentLease?
    private let id: RunID
    private var number = 0
    private var waited = Duration.zero
    var fold: RunFold
    var version: String? {
        get { fold.result.version }
        set { fold.result.version = newValue }
    }

    init(
        id: RunID, plan: ProgramPlan, greeting: JailerGreeting, configuration: EngineConfiguration,
        compiled: LazyCompileCache, environments: EnvironmentHosts, observer: RunObserver?
    ) {
        self.id = id
        self.plan = plan
        self.greeting = greeting
        self.configuration = configuration
        self.compiled = compiled
        self.environments = environments
        self.observer = observer
        fold = RunFold(id: id, language: plan.pack.id, detected: plan.detected)
    }

    var request: RunRequest { plan.request }

    /// Waits for the environment, and tells how it is made.
    mutating func take(_ seat: Environments.Seat) async throws(RequestError) {
        let lease = try await Environments.lease(seat) { await emit(.preparing($0)) }
        environment = lease
        plan.request.environment = EnvironmentImage(
            hash: lease.record.hash, modules: Set(lease.record.modules))
        await emit(.prepared(lease.record.hash))
    }

    /// Notes how long the run was not let in.
    mutating func wait(_ time: Duration) {
        waited = time
        fold.result.queued = time
    }

    /// The end of a run that was cancelled before anything of it was started.
    mutating func cancelled() async -> RunResult {
        await emit(.finished(RunEvent.Finished(verdict: Verdict(status: .cancelled), usage: Usage())))
        return fold.result
    }

    mutating func carryOut(over link: JailerLink) async throws(RequestError) -> RunResult {
        var files = request.files
        fold.result.receipt = receipt(.exec)
        if request.checkTypes, let check = plan.pack.check {
            guard try await checkTypes(check, over: link) else { return fold.result }
        }
        if let compile = plan.pack.compile {
            guard let outputs = try await compileStep(compile, over: link) else { return fold.result }
            files = files.filter { file in !outputs.contains { $0.path == file.path } } + outputs
        }
        guard request.tests.isEmpty else {
            try await runTests(files, over: link)
            return fold.result
        }
        return try await runProgram(files, over: link)
    }

    /// The run step alone, of files that need no compiling.
    mutating func runProgram(_ files: [SourceFile], over link: JailerLink) async throws(RequestError)
        -> RunResult
    {
        fold.result.receipt = receipt(.exec)
        try await runStep(files, over: link)
        fold.result.error = guestError()
        return fold.result
    }

    private mutating func runStep(_ files: [SourceFile], over link: JailerLink) async throws(RequestError) {
        let host = plan.host(among: greeting, preloads: !configuration.preload.isEmpty)
        var order = StepOrder(
            host: host, arguments: try expand(plan.pack.run, args: request.args),
            environment: plan.environment(plan.pack.env, host: host), files: files, stdin: request.stdin,
            limits: request.limits,
            key: request.key)
        order.collects = !request.collect.isEmpty || showsResults
        if request.collect.isEmpty, showsResults { order.onlyFile = ResultsFile.path }
        if host == .exec { order.files += plan.ownPrograms }  // a warm host has its own
        if plan.isRich, let noter = ResultsFile.pythonNoter { order.files.append(noter) }
        order.profile = request.profile
        order.network = request.network
        order.confined = confinedHost(host)
        fold.result.receipt = receipt(greeting.start(of: host), confined: order.confined != nil)
        var wish = FileWish(patterns: request.collect, configuration: configuration)
        wish.results = showsResults ? ResultsFile.path : nil
        var step = StepFold(wanted: wish)
        let outcome = try await perform(order, over: link, into: &step, streams: true)
        for result in ResultsFile.read(step.results) { await emit(.result(result)) }
        for file in step.files { await emit(.file(file)) }
        if step.leftOut > 0 { await emit(.filesLeftOut(count: step.leftOut, reason: step.leftOutReason)) }
        var finished = RunEvent.Finished(
            verdict: VerdictRules.verdict(outcome, limits: request.limits), usage: outcome.usage)
        finished.stdoutCut = outcome.stdoutCut
        finished.stderrCut = outcome.stderrCut
        finished.network = outcome.network
        fold.result.failure = Self.failure(outcome)
        await emit(.finished(finished))
        if let image = request.environment, host == .python, greeting.confinedHosts > 0 {
            environments.hasRun(request, in: image, over: link)
        }
    }

    private static func failure(_ outcome: StepOutcome) -> String? {
        switch outcome.reason {
        case .engine: outcome.failure ?? "init ended without a word"
        case .hostMemory: "the machine had no memory left, and this run was the largest; try again later"
        default: nil
        }
    }

    /// The environment whose host the run can be forked from.
    ///
    /// Not where it would meet what the host's modules read when they were imported, variables, or has to be started
    /// once only, whatever comes of it.
    private func confinedHost(_ host: StepOrder.Host) -> String? {
        guard let image = request.environment, host == .python, request.env.isEmpty, !request.profile,
            request.network.isNone,
            case .bytes = request.stdin, environments.isReady(image, for: request.key)
        else { return nil }
        return image.hash
    }

    private var showsResults: Bool { plan.isRich || plan.pack.showsResults }

    func expand(_ template: CommandTemplate, args: [[UInt8]] = []) throws(RequestError) -> [[UInt8]] {
        do throws(CommandTemplate.Unfilled) {
            var argv = try template.expand(plan.values, args: args)
            // The program by its full path, as it stands in a warm child's world as well.
            let entry = Array(plan.entry.description.utf8)
            if plan.pack.host != nil, let index = argv.firstIndex(of: entry) {
                argv[index] = Array("/home/user/".utf8) + entry
            }
            return argv
        } catch {
            throw RequestError(.unsupported, "language: the pack \(plan.pack.id) leaves \(error.gap) open")
        }
    }

    /// Runs one step to its end and hands on what it prints.
    mutating func perform(
        _ order: StepOrder, over link: JailerLink, into step: inout StepFold, streams: Bool
    ) async throws(RequestError) -> StepOutcome {
        let asked = Monotonic.now()
        let session: StepSession
        do throws(SystemFailure) { session = try link.start(order) } catch {
            throw RequestError(.isolationUnavailable, "the sandbox could not be ordered: \(error)")
        }
        var last: StepEvent?
        await withTaskCancellationHandler {
            while let event = await session.channel.next() {
                switch event {
                case .started:
                    await noteStart(order, link)
                    if streams {
                        fold.result.startup = .nanoseconds(Monotonic.now() - asked)
                        fold.result.queued = waited + fold.result.startup
                    }
                    await emitStart(order.limits.step)
                case .output(let output): await take(output, into: &step, streams: streams)
                case .found(let file): step.take(file)
                case .denied(let denial): await emit(.denied(denial))
                case .ended, .failed, .unhosted: last = event
                }
            }
        } onCancel: {
            session.cancel()
        }
        if case .unhosted? = last, let image = request.environment {
            environments.isMissing(image, for: request.key)
            var order = order
            order.confined = nil
            fold.result.receipt = receipt(greeting.start(of: order.host))
            return try await perform(order, over: link, into: &step, streams: streams)
        }
        return try Self.outcome(last, session: session)
    }

    func receipt(_ start: Receipt.Start, confined: Bool = false) -> Receipt {
        var receipt = Receipt(
            layers: greeting.layers, policy: greeting.policy(of: start),
            hostUser: greeting.hasOwnUsers ? (confined ? .environment : .own) : .shared, start: start,
            memory: greeting.isSampled ? "sampled" : "control group")
        receipt.network = request.network
        return receipt
    }

    /// A host may have said since that it cannot be forked.
    private mutating func noteStart(_ order: StepOrder, _ link: JailerLink) async {
        guard order.host != .exec, let start = await link.greeting()?.start(of: order.host) else { return }
        fold.result.receipt = receipt(start, confined: order.confined != nil)
    }

    private mutating func emitStart(_ step: Limits.Step) async {
        let receipt = fold.result.receipt ?? receipt(.exec)
        await emit(.started(RunEvent.Started(step: step, receipt: receipt)))
    }

    private mutating func take(_ output: RunEvent.Output, into step: inout StepFold, streams: Bool) async {
        if streams { await emit(.output(output)) } else { step.take(output) }
    }

    private static func outcome(_ last: StepEvent?, session: StepSession) throws(RequestError) -> StepOutcome
    {
        switch last {
        case .ended(let outcome): return outcome
        case .failed(let why):
            let wasCancelled = why == "cancelled"
            let began = session.hasStarted || why.hasPrefix("the jailer ended")
            guard wasCancelled || began else {
                // What cannot be at all was told by the greeting, before anything was ordered.
                throw RequestError(
                    .unreachable,
                    "no sandbox could be made just now: \(why); try again, or see `diatom doctor`")
            }
            var outcome = StepOutcome(reason: wasCancelled ? .cancelled : .engine, usage: Usage())
            outcome.failure = wasCancelled ? nil : why
            return outcome
        default: return StepOutcome(reason: .engine, usage: Usage())
        }
    }

    mutating func emit(_ payload: RunEvent.Payload) async {
        let event = RunEvent(
            run: id, number: number, time: observer == nil ? 0 : WallClock.now(),
            policy: fold.result.receipt?.policy ?? greeting.policy,
            payload: payload)
        number += 1
        fold.take(event)
        await observer?(event)
    }

    private func guestError() -> GuestError? {
        let status = fold.result.verdict.status
        guard status == .failed || status == .killed, let rules = plan.pack.runErrors else { return nil }
        var error = GuestErrorReader.read(
            rules, stderr: fold.result.stderr, exitCode: fold.result.verdict.exitCode, sources: request.files)
        if let given = error, plan.pack.takesLibraries { error?.hint = MissingModule.hint(for: given) }
        return error
    }
}
