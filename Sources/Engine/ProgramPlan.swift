package import Domain
package import Languages
internal import Workers

/// What a request means on this machine: the pack, the programs it needs, the file to start.
package struct ProgramPlan: Sendable {
    package var request: RunRequest
    package var pack: LanguagePack
    package var entry: WorkspacePath
    package var detected: Bool
    var values: CommandTemplate.Values
    /// Programs of Diatom's own that are laid beside the given files.
    private(set) var ownPrograms: [SourceFile] = []

    /// - Throws: ``RequestError`` for an unknown language, or one whose programs are not installed.
    package init(_ request: RunRequest, catalogue: LanguageCatalogue) throws(RequestError) {
        self.request = request
        (pack, detected) = try Self.findPack(request, catalogue)
        entry = try Self.findEntry(request, pack)
        do throws(LanguagePack.Missing) {
            let programs = try pack.locatePrograms()
            values = pack.values(
                entry: entry.description, files: request.files.map(\.path.description), programs: programs)
            // The rest is for the runtime itself, its threads and the files in memory.
            values.heap = request.limits.memory.wholeMebibytes * 6 / 10
        } catch {
            throw RequestError(
                .notInstalled,
                "language: \(pack.id) needs \(error.programs.joined(separator: ", ")), which this machine lacks; "
                    + error.install,
                field: "language")
        }
        for name in pack.ownPrograms { try lay(name) }
        if request.checkTypes { try findChecker() }
        guard !request.rich || pack.id == "python" || pack.showsResults else {
            throw RequestError(
                .unsupported, "rich: \(pack.name) has no rich results in this version; leave the field out",
                field: "rich")
        }
    }

    private mutating func findChecker() throws(RequestError) {
        guard let check = pack.check else {
            throw RequestError(
                .unsupported,
                "check_types: nothing checks the types of \(pack.name) here; leave the field out",
                field: "check_types")
        }
        do throws(LanguagePack.Missing) {
            values.programs.merge(try check.locatePrograms()) { $1 }
        } catch {
            throw RequestError(
                .notInstalled,
                "check_types: \(pack.id) needs \(error.programs.joined(separator: ", ")), which this machine lacks; "
                    + error.install,
                field: "check_types")
        }
    }

    /// Makes a program of our own one of the files; it stays out of the way of the given ones.
    private mutating func lay(_ name: String) throws(RequestError) {
        guard let path = values.programs[name], let place = try? WorkspacePath(parsing: ".diatom-\(name)"),
            let content = OwnPrograms.content(of: path)
        else {
            throw RequestError(.notInstalled, "language: \(name), a program of Diatom's own, cannot be read")
        }
        values.programs[name] = "/home/user/\(place)"
        ownPrograms.append(SourceFile(path: place, content: content, executable: true))
    }

    /// Where a program stands that the language needs.
    func program(_ name: String) -> String? { values.programs[name] }

    private static func findPack(
        _ request: RunRequest, _ catalogue: LanguageCatalogue
    ) throws(RequestError) -> (LanguagePack, Bool) {
        let found: LanguagePack?
        do throws(LanguageCatalogue.Malformed) {
            if let name = request.language {
                found = try catalogue.pack(named: name)
            } else {
                found = try detect(request, catalogue)
            }
        } catch {
            throw RequestError(.unsupported, "language: the pack \(error.pack) is malformed: \(error.reason)")
        }
        if let found { return (found, request.language == nil) }
        let why =
            request.language.map { "'\($0.prefix(64))' is not known" }
            ?? "none was named and none could be told from the file's name"
        throw RequestError(
            .unknownLanguage, "language: \(why); `diatom languages` lists what is", field: "language")
    }

    private static func detect(
        _ request: RunRequest, _ catalogue: LanguageCatalogue
    ) throws(LanguageCatalogue.Malformed) -> LanguagePack? {
        let named = request.entry.flatMap { path in request.files.first { $0.path.description == path } }
        guard let main = named ?? request.files.first else { return nil }
        return try catalogue.pack(forFile: main.path.description, program: main.content)
    }

    private static func findEntry(_ request: RunRequest, _ pack: LanguagePack) throws(RequestError)
        -> WorkspacePath
    {
        let paths = request.files.map(\.path)
        let wanted = request.entry ?? (paths.count == 1 ? paths[0].description : pack.entry)
        guard let entry = paths.first(where: { $0.description == wanted }) else {
            throw RequestError(
                .invalidValue, "entry: '\(wanted.prefix(256))' is not among the files", field: "entry")
        }
        return entry
    }

    /// What starts the program: a warm interpreter where one gives exactly what a fresh one would.
    ///
    /// `jailer`: What the jailer says of the hosts that it has. What was started ahead cannot be profiled any more.
    /// `preloads`: Whether they have imported libraries of the machine's, which an environment must not meet.
    func host(among jailer: JailerGreeting, preloads: Bool = false) -> StepOrder.Host {
        guard request.start == .warm, request.seed == nil, request.args.count < 4_000 else { return .exec }
        let kept = request.profile ? jailer.hosts.subtracting(jailer.pooled) : jailer.hosts
        switch pack.host {
        case "python":
            guard isUnread(Self.pythonReads), !isArchive, !bringsUserSite,
                request.environment == nil || !preloads
            else { return .exec }
            return kept.contains(.python) ? .python : .exec
        case "node": return kept.contains(.node) && isUnread(Self.nodeReads) ? .node : .exec
        case "typescript": return kept.contains(.typescript) && isUnread(Self.nodeReads) ? .typescript : .exec
        case "sql": return kept.contains(.sql) && isUnread(Self.loaderReads) ? .sql : .exec
        default: return .exec
        }
    }

    /// Whether the program may be a zip archive, which Python runs as well: warm hosts look for text only.
    private var isArchive: Bool {
        let content = request.files.first { $0.path == entry }?.content ?? []
        // Where such a file ends is marked so, with a comment of 64 KiB at most after it (APPNOTE.TXT, 4.3.16).
        return content.suffix(22 + 65_535).contains("PK\u{5}\u{6}".utf8)
    }

    /// Whether files lie where an interpreter looks for a user's own packages when it starts.
    private var bringsUserSite: Bool {
        request.files.contains { $0.path.description.hasPrefix(".local/lib/python") }
    }

    /// Whether the request sets none of the variables that an interpreter or the loader reads once, when it starts.
    private func isUnread(_ prefixes: [String]) -> Bool {
        !request.env.contains { variable in prefixes.contains { variable.name.hasPrefix($0) } }
    }

    private static let loaderReads = ["LD_", "MALLOC_", "GLIBC_"]
    private static let pythonReads = loaderReads + ["PYTHON", "LC_", "LANG", "OPENBLAS", "OMP_", "MKL_"]
    private static let nodeReads = loaderReads + ["NODE_", "LC_", "LANG", "ICU_", "OPENSSL_", "SSL_", "UV_"]

    /// Whether a program of ours runs before the program and notes what it shows.
    var isRich: Bool { request.rich && pack.id == "python" }

    /// The guest's environment; the request's own variables win.
    ///
    /// `host`: What starts the program; one that is executed finds on its path what gives it libraries and notes
    /// rich results.
    func environment(_ pack: [String: String], host: StepOrder.Host = .exec) -> [EnvironmentVariable] {
        var variables = [
            "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/home/user", "USER": "user", "LOGNAME": "user",
            "LANG": "C.UTF-8", "SHELL": "/bin/bash", "TMPDIR": "/tmp",
        ]
        variables.merge(pack) { $1 }
        if isRich { variables["DIATOM_RICH"] = "1" }
        if let image = request.environment { variables["DIATOM_ENVIRONMENT"] = image.folder }
        if let seed = request.seed {
            variables["PYTHONHASHSEED"] = "\(seed)"
            variables["DIATOM_SEED"] = "\(seed)"
        }
        for variable in request.env { variables[variable.name] = variable.value }
        if request.seed != nil || ((isRich || request.environment != nil) && host == .exec) {
            // First on the path, whatever the request adds to it; the script takes it off again.
            variables["PYTHONPATH"] = "/diatom/seeded" + (variables["PYTHONPATH"].map { ":\($0)" } ?? "")
        }
        return variables.sorted { $0.key < $1.key }.map { EnvironmentVariable(name: $0.key, value: $0.value) }
    }
}
