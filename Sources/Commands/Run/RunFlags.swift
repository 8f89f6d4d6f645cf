internal import Domain

/// The options of `diatom run`.
enum RunFlags {
    static let language = CommandOption("language", short: "l", value: "NAME", "the language, by id or alias")
    static let code = CommandOption("code", short: "c", value: "CODE", "run this text")
    static let file = CommandOption("file", value: "PATH[=NAME]", "give a file along, under a name")
    static let entry = CommandOption("entry", value: "NAME", "the file to start (default: the first)")
    static let env = CommandOption("env", value: "NAME=VALUE", "set a variable in the sandbox")
    static let network = CommandOption(
        "network", value: "HOST:PORT", "let the program reach this server; '*.' before a name: all below it")
    static let allowPrivate = CommandOption(
        "allow-private", value: "HOST:PORT", "also where its address is private, when alone")
    static let collect = CommandOption(
        "collect", value: "GLOB", "give back files that match, e.g. '**/*.png'")
    static let out = CommandOption("out", value: "DIR", "where collected files go (default: here)")
    static let fresh = CommandOption("fresh", "start a new interpreter instead of forking a warm one")
    static let seed = CommandOption("seed", value: "N", "run fresh and repeatable, with this hash seed")
    static let profile = CommandOption("profile", "count system calls by name")
    static let rich = CommandOption(
        "rich", "show the last expression's value, figures and tables")
    static let library = CommandOption(
        "library", value: "NAME", "a Python library that the program imports, e.g. numpy or 'pandas>=2'")
    static let buildLibraries = CommandOption(
        "build-libraries", "allow libraries without wheels; they are built without a network")
    static let checkTypes = CommandOption(
        "check-types", "check the program's types first; what is wrong is told as a compiler's errors")
    static let test = CommandOption(
        "test", value: "FILE", "run with this file as stdin; several run one after another")
    static let tests = CommandOption(
        "tests", value: "FILE", "run for each of a JSON list of stdin and args")
    static let cache = CommandOption(
        "cache", "let the service answer with what an identical run came to before, if it knows")
    static let receipt = CommandOption("receipt", "print on stderr what isolation was in force")
    static let json = CommandOption("json", "read a run request from stdin, print a run result")
    static let idempotencyKey = CommandOption(
        "idempotency-key", value: "KEY", "make a repeat of this run safe")
    static let alone = CommandOption("alone", "use no running service")
    static let data = CommandOption("data", value: "DIR", "the data directory (default: $DIATOM_DATA)")
    static let allow = CommandOption("allow", value: "NAME", "do without an isolation layer, when alone")
    static let verbose = CommandOption("verbose", short: "v", "say who ran it and what it used")

    static let all =
        [language, code, file, entry, env] + RunLimits.rows.map(\.option) + [
            library, buildLibraries, network, allowPrivate, collect, out, rich, checkTypes, test, tests,
            fresh, seed, cache,
            profile, receipt, json,
            idempotencyKey, alone, data,
            allow, verbose,
        ]
}

extension RunFlags {
    /// The servers that an option names.
    static func endpoints(
        _ parsed: ParsedArguments, _ option: CommandOption
    ) throws(UsageError) -> [NetworkPolicy.Endpoint] {
        var endpoints: [NetworkPolicy.Endpoint] = []
        for text in parsed.values(option) {
            do throws(NetworkPolicy.Endpoint.Invalid) {
                endpoints.append(try NetworkPolicy.Endpoint(parsing: text))
            } catch {
                throw UsageError("--\(option.name): '\(text.shortened(to: 300))' \(error)")
            }
        }
        guard endpoints.count <= NetworkPolicy.mostEndpoints else {
            throw UsageError("--\(option.name) is given more than \(NetworkPolicy.mostEndpoints) times")
        }
        return endpoints
    }
}
