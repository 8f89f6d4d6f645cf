package import Domain
package import Languages
package import Posix
package import Egress
internal import Storage
internal import Synchronization
package import Workers

/// The one path of every run: language → steps → sandbox → verdict → result.
package final class RunEngine: Runner {
    package let configuration: EngineConfiguration
    package let catalogue: LanguageCatalogue
    package let versions = VersionCache()
    private let reactor: Reactor
    private let link: Mutex<JailerLink?>
    private let links = Atomic(0)
    /// How many jailers there were in the place of one that was lost.
    package var jailersReplaced: Int { max(0, links.load(ordering: .relaxed) - 1) }
    private let compiled: LazyCompileCache
    let kept: Environments
    package var environments: (any EnvironmentKeeper)? { kept }
    private let egress: EgressGate
    private let hosts: EnvironmentHosts
    let gate: AdmissionGate
    private let live = Mutex<Sessions?>(nil)
    package var sessions: (any SessionKeeper)? { live.withLock { $0 } }

    /// Starts the engine's thread, and its jailer, which makes ready while the first request is read.
    package init(
        _ configuration: EngineConfiguration, catalogue: LanguageCatalogue = LanguageCatalogue(),
        resolver: any NameResolver = SystemResolver()
    ) throws(SystemFailure) {
        self.configuration = configuration
        self.catalogue = catalogue
        reactor = try Reactor()
        reactor.start(name: "diatom-reactor")
        link = Mutex(nil)
        gate = AdmissionGate(configuration.admission)
        compiled = LazyCompileCache(configuration)
        kept = Environments(configuration, catalogue: catalogue)
        var limits = EgressConfiguration()
        limits.privateEndpoints = configuration.privateEndpoints
        egress = EgressGate(limits, resolver: resolver)
        hosts = EnvironmentHosts(most: configuration.maxima.memory)
        _ = try currentLink()
        if configuration.mostSessions > 0 { live.withLock { $0 = makeSessions() } }
        kept.use { [weak self] () async throws(RequestError) in
            guard let self else { throw Self.unavailable("the engine has ended") }
            return try await readyLink().0
        }
    }

    private func makeSessions() -> Sessions {
        Sessions(most: configuration.mostSessions, maxima: configuration.maxima, catalogue: catalogue) {
            [weak self] (policy) throws(RequestError) in
            try self?.checkNetwork(policy)
        } link: { [weak self] () async throws(RequestError) in
            guard let self else { throw Self.unavailable("the engine has ended") }
            return try await readyLink()
        }
    }

    /// What the jailer says of itself, or nil if none can be reached.
    package func greeting() async -> JailerGreeting? {
        guard let link = try? currentLink() else { return nil }
        return await link.greeting()
    }

    /// Why the jailer refuses runs, as far as it has told; nil where it does not.
    package var refusal: String? { link.withLock { $0 }?.knownGreeting?.refusal }

    /// How programs of a language start where a request does not say, as far as the jailer has told what it keeps.
    package func start(of pack: LanguagePack) -> Receipt.Start {
        guard let host = pack.host.flatMap(StepOrder.Host.init(named:)),
            let greeting = link.withLock({ $0 })?.knownGreeting, greeting.hosts.contains(host)
        else { return .exec }
        return greeting.start(of: host)
    }

    /// Opens the compile cache now, and not when it is first needed.
    ///
    /// Returns: Why there is none, where one was asked for.
    package func openCompileCache() -> StorageFailure? {
        compiled.open()
        return compiled.failure
    }

    /// Why environments of libraries cannot be kept, where a folder was given for them.
    package var environmentsFailure: StorageFailure? { kept.failure }

    /// The process of a jailer that we started.
    package var jailerProcess: Int32? { link.withLock { $0?.child } }

    /// The jailer in use; one that was lost is replaced.
    private func currentLink() throws(SystemFailure) -> JailerLink {
        try link.withLock { current throws(SystemFailure) in
            if let current, !current.isLost { return current }
            let fresh: JailerLink
            if let path = configuration.jailerSocket {
                fresh = try JailerLink.connect(path: path, reactor: reactor, egress: egress)
            } else {
                fresh = try JailerLink.start(
                    program: configuration.jailer,
                    arguments: configuration.jailerArguments(store: kept.shownFolder),
                    reactor: reactor, egress: egress)
            }
            current = fresh
            links.add(1, ordering: .relaxed)
            return fresh
        }
    }

    package func run(
        _ request: RunRequest, id: RunID, observer: RunObserver?
    ) async throws(RequestError) -> RunResult {
        try check(request)
        let request = LimitCheck.bounded(request)
        let program = try ProgramPlan(request, catalogue: catalogue)
        try LimitCheck.check(request, language: program.pack.id)
        let arrival = Monotonic.now()
        let entry = try await gate.enter(AdmissionWish(request, arrival: arrival))
        let waited = Duration.nanoseconds(Monotonic.now() - arrival)
        var cpu = Duration.zero
        defer { if case .admitted(let ticket) = entry { gate.leave(ticket, cpu: cpu) } }
        let (link, greeting) = try await readyLink()
        var run = RunInProgress(
            id: id, plan: program, greeting: greeting, configuration: configuration, compiled: compiled,
            environments: hosts, observer: observer)
        run.version = versions.version(of: program.pack)
        run.wait(waited)
        guard case .admitted = entry else { return await run.cancelled() }
        do throws(RequestError) { try await equip(&run) } catch {
            if Task.isCancelled { return await run.cancelled() }
            throw error
        }
        let result = try await run.carryOut(over: link)
        cpu = result.wholeCPU
        return result
    }

    /// Gives a run the environment that it asks for.
    private func equip(_ run: inout RunInProgress) async throws(RequestError) {
        let wish = try LibraryWish.of(run.request, pack: run.plan.pack, entry: run.plan.entry)
        guard !wish.isEmpty else {
            guard !wish.python.isEmpty else { return }
            return try wish.check(python: await versions.find(run.plan.pack))
        }
        guard let python = run.plan.program("python3") else { return }
        let seat = try await kept.board(wish, python: python)
        try await run.take(seat)
        try wish.check(python: run.environment?.record.python.split(separator: " ").last.map(String.init))
    }

    /// The jailer and what it says of itself; one that is just being started again is waited for.
    ///
    /// A daemon of its own is kept by somebody else, who starts it again within a moment.
    private func readyLink() async throws(RequestError) -> (JailerLink, JailerGreeting) {
        var rest = configuration.jailerSocket == nil ? 0 : 100
        while true {
            let why: RequestError
            do throws(SystemFailure) {
                let link = try currentLink()
                let greeting = await link.greeting()
                if let greeting, greeting.refusal == nil { return (link, greeting) }
                why = Self.unavailable(greeting?.refusal)
                if greeting != nil { rest = 0 }
            } catch {
                why = RequestError(
                    .isolationUnavailable, "the jailer cannot be started: \(error); run `diatom doctor`")
            }
            guard rest > 0, !Task.isCancelled else { throw why }
            rest -= 1
            try? await Task.sleep(for: .milliseconds(20))
        }
    }

    /// What the API does not look at: whether this version can do what is asked.
    func check(_ request: RunRequest) throws(RequestError) {
        guard request.check == .off else {
            throw RequestError(
                .unsupported, "check: analysis is not part of this version; use \"off\"", field: "check")
        }
        let given = [("limits", request.limits), ("compile_limits", request.compileLimits)]
        for (field, limits) in given {
            try LimitCheck.check(limits, against: configuration.maxima, field: field)
        }
        try checkNetwork(request.network)
    }

    /// What a policy asks for and no run of this engine can have is said before anything runs.
    private func checkNetwork(_ policy: NetworkPolicy) throws(RequestError) {
        guard let (field, why) = egress.configuration.obstacle(to: policy) else { return }
        throw RequestError(.networkUnavailable, "network.\(field): \(why)", field: "network.\(field)")
    }

    static func unavailable(_ refusal: String?) -> RequestError {
        let why = refusal ?? "the jailer ended at its start"
        let ways = [
            "memory:": " (--allow memory:sampled, or delegate control groups)",
            "landlock:": " (--allow landlock:absent)",
        ]
        let way = ways.first { why.hasPrefix($0.key) }?.value ?? ""
        return RequestError(
            .isolationUnavailable, "no sandbox can be made here: \(why)\(way); `diatom doctor` says more")
    }
}
