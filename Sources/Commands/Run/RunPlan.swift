internal import API
internal import Domain
internal import Languages

/// The run request that a command line means.
struct RunPlan {
    var request: RunRequest

    /// Reads the given files and decides what is started.
    ///
    /// The request's stdin is our own descriptor 0, or no bytes at all where the code came from there.
    init(_ parsed: ParsedArguments, catalogue: LanguageCatalogue) throws(UsageError) {
        var files = GivenFiles()
        let named = parsed.value(RunFlags.language)
        let language = try Self.language(named, catalogue)
        var entry: WorkspacePath?
        var usesStdin = false
        if let code = parsed.value(RunFlags.code) {
            guard let language else { throw UsageError("-c needs a language: -l NAME") }
            entry = try files.add(Array(code.utf8), as: parsed.value(RunFlags.entry) ?? language.entry)
        }
        for (index, operand) in parsed.operands.enumerated() {
            let added: WorkspacePath
            if operand == "-" {
                guard !usesStdin else { throw UsageError("'-' is given twice") }
                usesStdin = true
                added = try files.add(try Self.codeFromStdin(), as: language?.entry ?? "main")
            } else {
                added = try files.add(operand: operand, isFirst: index == 0)
            }
            if entry == nil { entry = added }
        }
        for argument in parsed.values(RunFlags.file) { try files.add(option: argument) }
        guard var start = entry else {
            throw UsageError("there is nothing to run; name a FILE, or give -l and -c")
        }
        if let name = parsed.value(RunFlags.entry) { start = try files.find(name) }

        let program = files.content(of: start)
        var known = language?.id
        if known == nil { known = try Self.detect(start, program, catalogue)?.id }
        request = RunRequest(language: known, files: files.all)
        request.entry = start.description
        request.stdin = usesStdin ? .bytes([]) : .stream(descriptor: 0)
        request.args = (parsed.rest ?? []).map { Array($0.utf8) }
        try takeOptions(parsed)
    }

    private mutating func takeOptions(_ parsed: ParsedArguments) throws(UsageError) {
        for variable in parsed.values(RunFlags.env) {
            let halves = variable.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard halves.count == 2, !halves[0].isEmpty else {
                throw UsageError("--env '\(variable)' is not NAME=VALUE")
            }
            request.env.append(EnvironmentVariable(name: String(halves[0]), value: String(halves[1])))
        }
        for row in RunLimits.rows {
            if let count = try parsed.count(row.option) { row.set(&request.limits, count) }
        }
        for name in parsed.values(RunFlags.library) {
            do throws(RequestError) {
                request.libraries.append(try LibraryReader.parse(name, field: "--library"))
            } catch {
                throw UsageError(error.message)
            }
        }
        request.buildsLibraries = parsed.has(RunFlags.buildLibraries)
        request.network = NetworkPolicy(allow: try RunFlags.endpoints(parsed, RunFlags.network))
        request.collect = parsed.values(RunFlags.collect)
        request.rich = parsed.has(RunFlags.rich)
        if parsed.has(RunFlags.out), request.collect.isEmpty, !request.rich {
            throw UsageError("--out needs --collect GLOB to say which files, or --rich")
        }
        request.tests = try GivenTests.read(parsed)
        if !request.tests.isEmpty { request.stdin = .bytes([]) }
        request.start = parsed.has(RunFlags.fresh) ? .fresh : .warm
        request.profile = parsed.has(RunFlags.profile)
        request.checkTypes = parsed.has(RunFlags.checkTypes)
        if let text = parsed.value(RunFlags.seed) {
            guard let seed = UInt32(text) else {
                throw UsageError("--seed: '\(text)' is not a whole number from 0 to \(UInt32.max)")
            }
            request.seed = seed
        }
    }

    private static func language(
        _ name: String?, _ catalogue: LanguageCatalogue
    ) throws(UsageError) -> LanguagePack? {
        guard let name else { return nil }
        let pack = try packs { () throws(LanguageCatalogue.Malformed) in try catalogue.pack(named: name) }
        guard let pack else {
            throw UsageError("there is no language '\(name)'; there are \(list(catalogue))")
        }
        return pack
    }

    private static func detect(
        _ path: WorkspacePath, _ program: [UInt8], _ catalogue: LanguageCatalogue
    ) throws(UsageError) -> LanguagePack? {
        let pack = try packs { () throws(LanguageCatalogue.Malformed) in
            try catalogue.pack(forFile: path.description, program: program)
        }
        guard let pack else {
            throw UsageError("'\(path)' does not tell its language; say it with -l: \(list(catalogue))")
        }
        return pack
    }

    private static func list(_ catalogue: LanguageCatalogue) -> String {
        catalogue.ids.joined(separator: ", ")
    }

    private static func packs<Value>(
        _ look: () throws(LanguageCatalogue.Malformed) -> Value
    ) throws(UsageError) -> Value {
        do throws(LanguageCatalogue.Malformed) {
            return try look()
        } catch {
            throw UsageError("language pack \(error.pack): \(error.reason)")
        }
    }

    private static func codeFromStdin() throws(UsageError) -> [UInt8] {
        guard let code = StdinReader(descriptor: 0).readToEnd(most: GivenFiles.mostBytes) else {
            throw UsageError("stdin holds more than \(GivenFiles.mostBytes >> 20) MiB, or cannot be read")
        }
        return code
    }
}
