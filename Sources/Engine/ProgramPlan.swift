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

    /// - Throws: ``RequestError`` for an unknown language, or one whose programs are not installed.
    package init(_ request: RunRequest, catalogue: LanguageCatalogue) throws(RequestError) {
        self.request = request
        (pack, detected) = try Self.findPack(request, catalogue)
        entry = try Self.findEntry(request, pack)
        do throws(LanguagePack.Missing) {
            let programs = try pack.locatePrograms()
            values = pack.values(
                entry: entry.description, files: request.files.map(\.path.description), programs: programs)
        } catch {
            throw RequestError(
                .notInstalled,
                "language: \(pack.id) needs \(error.programs.joined(separator: ", ")), which this machine lacks; "
                    + error.install,
                field: "language")
        }
    }

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
    /// `kept`: The hosts that the jailer has.
    func host(among kept: Set<StepOrder.Host>) -> StepOrder.Host {
        guard request.start == .warm, request.seed == nil, request.args.count < 4_000 else { return .exec }
        switch pack.host {
        case "python":
            guard entry.description == "main.py", isUnread(Self.pythonReads) else { return .exec }
            return kept.contains(.python) ? .python : .exec
        case "node": return node(among: kept, .node, .nodePooled)
        case "typescript": return node(among: kept, .typescript, .typescriptPooled)
        default: return .exec
        }
    }

    private func node(
        among kept: Set<StepOrder.Host>, _ forked: StepOrder.Host, _ pooled: StepOrder.Host
    ) -> StepOrder.Host {
        guard isUnread(Self.nodeReads) else { return .exec }
        if kept.contains(forked) { return forked }
        // One that was exec'd no longer has the counter that a profile needs.
        return kept.contains(pooled) && !request.profile ? pooled : .exec
    }

    /// Whether the request sets none of the variables that an interpreter or the loader reads once, when it starts.
    private func isUnread(_ prefixes: [String]) -> Bool {
        !request.env.contains { variable in prefixes.contains { variable.name.hasPrefix($0) } }
    }

    private static let pythonReads = [
        "PYTHON", "LD_", "MALLOC_", "GLIBC_", "LC_", "LANG", "OPENBLAS", "OMP_", "MKL_",
    ]
    private static let nodeReads = [
        "NODE_", "LD_", "MALLOC_", "GLIBC_", "LC_", "LANG", "ICU_", "OPENSSL_", "SSL_", "UV_",
    ]

    /// The guest's environment; the request's own variables win.
    func environment(_ pack: [String: String]) -> [EnvironmentVariable] {
        var variables = [
            "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/home/user", "USER": "user", "LOGNAME": "user",
            "LANG": "C.UTF-8", "SHELL": "/bin/bash", "TMPDIR": "/tmp",
        ]
        variables.merge(pack) { $1 }
        if let seed = request.seed {
            variables["PYTHONHASHSEED"] = "\(seed)"
            variables["DIATOM_SEED"] = "\(seed)"
        }
        for variable in request.env { variables[variable.name] = variable.value }
        if request.seed != nil {
            // First on the path, whatever the request adds to it; the script takes it off again.
            variables["PYTHONPATH"] = "/diatom/seeded" + (variables["PYTHONPATH"].map { ":\($0)" } ?? "")
        }
        return variables.map { EnvironmentVariable(name: $0.key, value: $0.value) }
    }
}
