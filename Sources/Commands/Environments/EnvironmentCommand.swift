internal import API
internal import Domain
internal import Languages

extension Command {
    private static let verify = CommandOption("verify", "read every byte of it, for 'show'")
    private static let most = CommandOption(
        "most-mb", value: "N", "what may stay, for 'gc' (default: the bound of the service)")
    private static let requirements = CommandOption(
        "requirements", short: "r", value: "FILE", "libraries of a requirements.txt, for 'build'")

    static let env = Command(
        name: "env", summary: "list, build, show, verify and remove environments of libraries",
        usage: [
            "env [list] [--json]", "env build NAME… [-r FILE] [--build-libraries]", "env show ID [--verify]",
            "env remove ID", "env gc [--most-mb N]",
        ],
        details: """
            An environment is a set of Python libraries, locked, read-only, and shared by all runs that ask for the
            same. 'diatom run --library NAME' makes and uses them by itself. A name may have extras, versions and a
            marker, as in 'pandas[excel]>=2,<3'; options, paths and URLs are not taken. An ID may be shortened.
            A running service is used when one listens in the data directory; else the command's own store is.
            """,
        options: [
            .json, requirements, RunFlags.buildLibraries, verify, most, RunFlags.alone, RunFlags.data,
            RunFlags.allow,
        ],
        examples: [
            ("diatom env build numpy 'pandas>=2'", "make an environment before it is needed"),
            ("diatom env", "what there is, and what is being made"),
            ("diatom env show 3f2a --verify", "one of them, every byte compared with what was written"),
            ("diatom env gc --most-mb 1000", "remove those used longest ago"),
        ],
        body: { (invocation) throws(UsageError) in
            var words = invocation.parsed.operands[...]
            let verb = words.popFirst() ?? "list"
            let names = Array(words)
            let parsed = invocation.parsed
            for (option, owner) in [(verify, "show"), (most, "gc"), (requirements, "build")]
            where parsed.has(option) && verb != owner {
                throw UsageError("--\(option.name) belongs to '\(owner)'")
            }
            let work = EnvironmentWork(invocation)
            switch (verb, names.count) {
            case ("list", 0): return work.list()
            case ("build", _):
                return work.build(try libraries(names, file: parsed.value(requirements)))
            case ("show", 1): return work.show(names[0], verifies: parsed.has(verify))
            case ("remove", 1): return work.remove(names[0])
            case ("gc", 0): return work.collect(to: try parsed.count(most))
            case ("list", _), ("gc", _): throw UsageError("'\(verb)' takes no name")
            case ("show", _), ("remove", _):
                throw UsageError("'\(verb)' takes one ID; 'diatom env' lists them")
            default:
                throw UsageError("there is no 'env \(verb)'; it lists, builds, shows, removes, and has gc")
            }
        })

    private static func libraries(_ names: [String], file: String?) throws(UsageError) -> [Requirement] {
        var libraries: [Requirement] = []
        do throws(RequestError) {
            for name in names { libraries.append(try LibraryReader.parse(name, field: "library")) }
            if let file {
                let content: [UInt8]
                do throws(UsageError) { content = try GivenFiles.content(ofFile: file) } catch {
                    throw RequestError(.invalidValue, error.message)
                }
                libraries += try RequirementsFile.read(content)
            }
        } catch {
            throw UsageError(error.message)
        }
        guard (1...Requirement.most).contains(libraries.count) else {
            throw UsageError(
                "'build' takes 1 to \(Requirement.most) libraries; \(libraries.count) were given")
        }
        return libraries
    }
}
