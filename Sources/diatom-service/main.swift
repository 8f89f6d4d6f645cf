internal import API
internal import CJail
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
    let log = Log(program: "diatom", threshold: options.isVerbose ? .debug : .info)
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
    let shelf = try await RecordShelf.open(options, log)
    for (key, cpu) in await shelf.usedToday() { engine.noteUsed(cpu, by: key) }
    var limits = ApplicationConfiguration()
    // The queue says when it is full; what is counted here only bounds what is remembered.
    limits.mostRunsUnderWay = options.mostWaiting + options.mostRuns + 100
    let application = Application(
        runner: engine, idempotency: claims,
        languages: CatalogueDirectory(
            catalogue, versions: { engine.versions.known }, releases: { engine.versions.releases },
            start: engine.start(of:)), log: log, records: shelf.ports, access: shelf.access,
        configuration: limits)
    var configuration = ServiceConfiguration()
    configuration.endpoints = options.endpoints
    configuration.identity = try options.identity()
    let server = ServiceServer(
        socketPath: options.data + "/diatom.sock", application: application, log: log,
        configuration: configuration)
    stopOnSignals(server)
    if let refusal = await engine.greeting()?.refusal {
        log(.warning, "runs_refused", ["reason": refusal, "help": "diatom doctor"])
    }
    do { try await server.run() } catch {
        await shelf.close()
        throw error
    }
    await shelf.close()
}

/// SIGTERM and SIGINT end the service gracefully; they are taken by a thread that waits for nothing else.
func stopOnSignals(_ server: ServiceServer) {
    startThread(name: "signals") {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGTERM)
        sigaddset(&set, SIGINT)
        var number: Int32 = 0
        sigwait(&set, &number)
        server.stop()
    }
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
let options: ServiceOptions
do {
    options = try ServiceOptions(
        arguments, defaultData: defaultData(), defaultToolchains: defaultToolchains(),
        defaultListen: variable("DIATOM_LISTEN"))
} catch {
    fail("serve: \(error); see diatom serve --help", code: 2)
}
do {
    FolderPath.make(options.data)
    if Privilege.givesUsers(), options.jailerSocket == nil {
        exit(try Keeper.run(options, arguments: arguments))
    }
    if let user = options.user {
        try checkCode("become user \(user)") { cjail_become_user(user, user) }
        try checkCode("parent death signal") { cjail_die_with_parent() }
    }
    var blocked = sigset_t()
    sigemptyset(&blocked)
    sigaddset(&blocked, SIGTERM)
    sigaddset(&blocked, SIGINT)
    pthread_sigmask(SIG_BLOCK, &blocked, nil)
    signal(SIGPIPE, SIG_IGN)
    try await serve(options)
} catch let failure as StorageFailure {
    fail("serve: \(failure.message)", code: 1)
} catch {
    fail("serve: \(error)", code: 1)
}
