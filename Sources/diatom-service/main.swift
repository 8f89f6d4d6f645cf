internal import API
internal import CJail
internal import Delivery
internal import Domain
internal import Engine
internal import Glibc
internal import Languages
internal import Posix
internal import Service
internal import Storage
internal import Telemetry

func fail(_ text: String, code: Int32) -> Never {
    let line = Array("diatom: \(text)\n".utf8)
    _ = write(2, line, line.count)
    exit(code)
}

func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

func defaultToolchains() -> String {
    let names = ["DIATOM_TOOLCHAINS", "XDG_CONFIG_HOME", "HOME"]
    let pairs = names.compactMap { name in variable(name).map { (name, $0) } }
    return Toolchains.path(
        environment: Dictionary(uniqueKeysWithValues: pairs), isRoot: geteuid() == 0)
}

func defaultData() -> String {
    if let data = variable("DIATOM_DATA"), !data.isEmpty { return data }
    if geteuid() == 0 { return "/var/lib/diatom" }
    if let state = variable("XDG_STATE_HOME"), state.hasPrefix("/") { return state + "/diatom" }
    return (variable("HOME") ?? "/nonexistent") + "/.local/state/diatom"
}

/// Folders above the data folder, as `mkdir -p` makes them.
func makeFolders(_ path: String) {
    var made = path.hasPrefix("/") ? "" : "."
    for name in path.split(separator: "/") {
        made += "/\(name)"
        mkdir(made, made.hasSuffix(path) ? 0o700 : 0o755)
    }
}

/// What pip is configured with for whoever starts the service.
func libraryIndex(_ options: ServiceOptions) -> LibraryIndex {
    let names = [
        "HOME", "XDG_CONFIG_HOME", "PIP_CONFIG_FILE", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL",
        "PIP_FIND_LINKS",
        "PIP_NO_INDEX", "PIP_CERT",
    ]
    let pairs = names.compactMap { name in variable(name).map { (name, $0) } }
    var index = PipConfiguration.index(environment: Dictionary(uniqueKeysWithValues: pairs))
    index.fileHosts = options.indexHosts
    return index
}

func startEngine(
    _ options: ServiceOptions, _ catalogue: LanguageCatalogue
) throws(SystemFailure) -> RunEngine {
    var configuration = EngineConfiguration(jailer: ChildProcess.ownFolder() + "/diatom-jailer")
    configuration.allowed = options.allowed
    configuration.preload = options.preload
    configuration.mostSessions = options.mostSessions
    configuration.contextPreload = options.sessionPreload
    configuration.privateEndpoints = options.privateEndpoints
    configuration.jailerSocket = options.jailerSocket
    configuration.compiledFolder = options.data + "/compiled"
    configuration.mostCompiledBytes = .mebibytes(options.compileCacheMebibytes)
    configuration.toolchains = options.toolchains
    configuration.environmentsFolder = options.environmentsFolder
    configuration.mostEnvironmentBytes = .mebibytes(options.environmentsMebibytes)
    configuration.environmentBuildSize = .mebibytes(options.environmentBuildMebibytes)
    configuration.libraryIndex = libraryIndex(options)
    configuration.warmNode = options.warmNode
    configuration.leastMemory = options.leastMebibytes.map(ByteCount.mebibytes)
    configuration.admission = options.admission(processors: Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    var tries = 0
    while true {
        do throws(SystemFailure) { return try RunEngine(configuration, catalogue: catalogue) } catch {
            tries += 1
            if tries > 100 || options.jailerSocket == nil { throw error }
            usleep(20_000)
        }
    }
}

func serve(_ options: ServiceOptions) async throws {
    let log = Log(
        program: "diatom", threshold: options.isVerbose ? .debug : .info, format: options.logFormat)
    let catalogue = LanguageCatalogue(toolchains: try Toolchains.load(options.toolchains))
    let engine = try startEngine(options, catalogue)
    engine.versions.fill(from: engine.catalogue)
    if let failure = engine.openCompileCache() {
        log(.warning, "compile_cache_absent", ["why": failure.message])
    }
    if let failure = engine.environmentsFailure {
        log(.warning, "environments_absent", ["why": failure.message])
    }
    // Locks the data folder: what another service has under way must not be taken for lost.
    let claims = try FileIdempotencyStore(folder: options.data + "/idempotency")
    let health = Health(data: options.data, log: log)
    let shelf = try await RecordShelf.open(options, health, log)
    for (key, cpu) in await shelf.usedToday() { engine.noteUsed(cpu, by: key) }
    var limits = ApplicationConfiguration()
    // The queue says when it is full; what is counted here only bounds what is remembered.
    limits.origins = options.origins
    limits.mostRunsUnderWay = options.mostWaiting + options.mostRuns + 100
    let outbound = Outbound(options, shelf.records, log)
    var ports = shelf.ports
    ports.webhooks = outbound.port
    let application = Application(
        runner: engine, idempotency: claims,
        languages: CatalogueDirectory(
            catalogue, versions: { engine.versions.known }, releases: { engine.versions.releases },
            start: engine.start(of:)), log: log, records: ports, access: shelf.access, spans: outbound.spans,
        troubles: { health.troubles(engine) },
        configuration: limits)
    application.metrics.registry.add(EngineMetrics.of(engine, store: options.data))
    outbound.begin(for: application) {
        var reading = ServiceReading()
        (reading.waiting, reading.mostWaiting) = (engine.admission.waiting, options.mostWaiting)
        if let disk = EngineMetrics.disk(options.data) { (reading.diskFree, reading.diskSize) = disk }
        return reading
    }
    var configuration = ServiceConfiguration()
    configuration.endpoints = options.endpoints
    configuration.identity = try options.identity()
    configuration.mostConnections = connections(options, log)
    let server = ServiceServer(
        socketPath: options.data + "/diatom.sock", application: application, log: log,
        configuration: configuration)
    Heap.tend()
    heedSignals(server) { renewIdentity(of: server, options, log) }
    if let refusal = await engine.greeting()?.refusal {
        log(.warning, "runs_refused", ["reason": refusal, "help": "diatom doctor"])
    }
    do { try await server.run() } catch {
        await shelf.close()
        throw error
    }
    await outbound.stop()
    await shelf.close()
}

/// As many connections as are wanted and there are descriptors for; a half of those is for what runs.
func connections(_ options: ServiceOptions, _ log: Log) -> Int {
    let most = DescriptorLimit.raise() / 3
    guard most < options.mostConnections else { return options.mostConnections }
    log(
        .warning, "fewer_connections",
        [
            "wanted": "\(options.mostConnections)", "most": "\(most)",
            "help": "raise the limit of open files (ulimit -Hn, LimitNOFILE=) to three times what is wanted",
        ])
    return most
}

/// SIGTERM and SIGINT end the service gracefully, SIGHUP has it read its certificate again.
func heedSignals(_ server: ServiceServer, reload: @escaping @Sendable () -> Void) {
    Signals.hear { number in if number == SIGHUP { reload() } else { server.stop() } }
}

/// What is wrong with the new certificate leaves the old one.
func renewIdentity(of server: ServiceServer, _ options: ServiceOptions, _ log: Log) {
    do {
        guard let identity = try options.identity() else {
            return log(.info, "reloaded", ["certificate": "none is given"])
        }
        try server.renew(identity)
        log(.info, "reloaded", ["certificate": options.certificate ?? ""])
    } catch { log(.error, "reload_failed", ["why": "\(error)"]) }
}

let arguments = Array(CommandLine.arguments.dropFirst())
if arguments.contains("--help") || arguments.contains("-h") {
    print(ServiceOptions.help)
    exit(0)
}
if RecordTool.isMeant(arguments) {
    do { try await RecordTool.run(arguments) } catch let failure as StorageFailure {
        fail("\(arguments[0]): \(failure.message)", code: 1)
    } catch {
        fail("\(arguments[0]): \(error)", code: 1)
    }
    exit(0)
}
let settings: StartSettings
let options: ServiceOptions
do {
    settings = try StartSettings(arguments)
    options = try ServiceOptions(
        settings.layers.settings, defaultData: defaultData(), defaultToolchains: defaultToolchains())
} catch {
    fail("serve: \(error); see diatom serve --help", code: 2)
}
if settings.isPrinted {
    print(
        settings.layers.text(usual: ["--data": options.data, "--toolchains": options.toolchains]),
        terminator: "")
    exit(0)
}
do {
    if settings.isAlertTest { exit(await Outbound.testAlerts(options)) }
    FolderPath.make(options.data)
    if Privilege.givesUsers(), options.jailerSocket == nil {
        exit(try Keeper.run(options, settings))
    }
    if let user = options.user {
        try checkCode("become user \(user)") { cjail_become_user(user, user) }
        try checkCode("parent death signal") { cjail_die_with_parent() }
    }
    try Signals.catchAll([SIGTERM, SIGINT, SIGHUP])
    signal(SIGPIPE, SIG_IGN)
    Heap.beFrugal()
    // As root's it was started as /proc/self/exe, and would be called so.
    cjail_name_thread("diatom-service")
    try await serve(options)
} catch let failure as StorageFailure {
    fail("serve: \(failure.message)", code: 1)
} catch {
    fail("serve: \(error)", code: 1)
}
