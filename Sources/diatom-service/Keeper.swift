internal import CJail
internal import Configuration
internal import Engine
internal import Glibc
internal import Posix

/// What root starts: it keeps a privileged jailer and an unprivileged service, and does nothing else.
///
/// The jailer is started again when it ends; when the service ends, so does everything. Both end with the keeper.
enum Keeper {
    /// First of the users that root's sandboxes are given; the service's own is the one before.
    static let serviceUser: UInt32 = 1_599_999_999

    nonisolated(unsafe) private static var service: Int32 = 0

    static func run(_ options: ServiceOptions, _ settings: StartSettings) throws(SystemFailure) -> Int32 {
        try prepare(options.data)
        // A jailer shows the folder from its own start on; while no service runs, nobody moves what we make.
        if let folder = options.environmentsFolder {
            try makeOurs(folder, mode: 0o700)
            try makeOurs(folder + "/store", mode: 0o711)
        }
        let index = libraryIndex(options)
        let socket = "@diatom-jailer-\(getpid())"
        var jailer = try startJailer(socket, options, index)
        let handed = try settings.handOver(with: [
            Setting("--user", "\(serviceUser)", source: "the keeper"),
            Setting("--jailer-socket", socket, source: "the keeper"),
            Setting("--toolchains", options.toolchains, source: "the keeper"),
            Setting("--data", options.data, source: "the keeper"),
        ])
        service = try ChildProcess.start(
            "/proc/self/exe", StartSettings.arguments(descriptor: 3),
            environment: ["LANG=C.UTF-8"] + PipConfiguration.variables(of: index) + Outbound.surroundings,
            descriptors: [(0, 0), (1, 1), (2, 2), (handed.rawValue, 3)])
        for number in [SIGTERM, SIGINT, SIGHUP] { signal(number) { _ = kill(Keeper.service, $0) } }
        while true {
            var status: Int32 = 0
            let ended = waitpid(-1, &status, 0)
            if ended < 0, errno == EINTR { continue }
            if ended == service || ended < 0 {
                kill(jailer, SIGTERM)
                return status & 0x7f == 0 ? status >> 8 & 0xff : 1
            }
            if ended == jailer {
                usleep(50_000)
                jailer = try startJailer(socket, options, index)
            }
        }
    }

    private static func startJailer(
        _ socket: String, _ options: ServiceOptions, _ index: LibraryIndex
    ) throws(SystemFailure) -> Int32 {
        var arguments = [
            "--listen", socket, "--listen-users", "\(serviceUser)", "--end-with-parent", "yes",
            "--warm-python", "yes", "--warm-node", options.warmNode.rawValue, "--warm-sql", "yes",
            "--toolchains", options.toolchains,
        ]
        if !options.allowed.isEmpty { arguments += ["--allow", options.allowed.joined(separator: ",")] }
        if let least = options.leastMebibytes { arguments += ["--least-memory-mb", "\(least)"] }
        if !options.preload.isEmpty {
            arguments += ["--preload-more", options.preload.joined(separator: ",")]
        }
        if options.mostSessions > 0 {
            arguments += ["--contexts", "yes"]
            if !options.sessionPreload.isEmpty {
                arguments += ["--context-preload", options.sessionPreload.joined(separator: ",")]
            }
        }
        if let folder = options.environmentsFolder {
            arguments += ["--environments", FolderPath.absolute(folder) + "/store"]
            let links = index.shownFolders
            if !links.isEmpty { arguments += ["--links", links.joined(separator: ",")] }
        }
        return try ChildProcess.start(
            ChildProcess.ownFolder() + "/diatom-jailer", arguments, environment: ["LANG=C.UTF-8"],
            descriptors: [(2, 2)])
    }

    /// Makes a folder for the service's user; one that is there is left as it is.
    private static func makeOurs(_ folder: String, mode: mode_t) throws(SystemFailure) {
        if mkdir(folder, mode) < 0 {
            guard errno == EEXIST else { throw SystemFailure(operation: "mkdir \(folder)", code: errno) }
            var state = stat()
            try check("lstat \(folder)") { lstat(folder, &state) }
            guard state.st_mode & S_IFMT == S_IFDIR else {
                throw SystemFailure(operation: "\(folder)", code: ENOTDIR)
            }
            return
        }
        try check("chown \(folder)") { lchown(folder, serviceUser, serviceUser) }
    }

    /// The service's user must be able to walk there.
    private static func checkReachable(_ data: String) throws(SystemFailure) {
        var parent = data
        while let slash = parent.lastIndex(of: "/"), slash > parent.startIndex {
            parent = String(parent[..<slash])
            var state = stat()
            try check("stat \(parent)") { stat(parent, &state) }
            if state.st_mode & 0o001 == 0 {
                throw SystemFailure(
                    operation:
                        "--data \(data): \(parent) is closed to the service's user; choose another folder,",
                    code: EACCES)
            }
        }
    }

    /// The data folder belongs to the service's user; nothing of root's is ever kept there.
    private static func prepare(_ data: String) throws(SystemFailure) {
        if mkdir(data, 0o700) < 0, errno != EEXIST {
            throw SystemFailure(operation: "mkdir \(data)", code: errno)
        }
        var state = stat()
        try check("lstat \(data)") { lstat(data, &state) }
        guard state.st_mode & S_IFMT == S_IFDIR else {
            throw SystemFailure(operation: "\(data)", code: ENOTDIR)
        }
        try checkReachable(data)
        guard state.st_uid != serviceUser else { return }
        guard state.st_uid == 0 else {
            throw SystemFailure(operation: "\(data) belongs to another user", code: EPERM)
        }
        try check("chown \(data)") { lchown(data, serviceUser, serviceUser) }
    }
}
