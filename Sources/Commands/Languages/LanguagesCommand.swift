extension Command {
    private static let everything = CommandOption("all", "install every language that can be had")
    private static let path = CommandOption("path", value: "FOLDER", "the toolchain's folder, for 'add'")

    static let languages = Command(
        name: "languages", summary: "list the languages, install what is missing, bring a toolchain along",
        usage: [
            "languages [list] [--json]", "languages show ID [--json]", "languages install ID… | --all",
            "languages add ID --path FOLDER", "languages remove ID",
        ],
        details: """
            'install' installs Debian's and PyPI's packages as root, and prints the commands otherwise.
            'add' takes a language's programs from FOLDER/bin, FOLDER/usr/bin or FOLDER, and shows that folder to
            sandboxes, read-only. A service that runs sees both after it is started again.
            """,
        options: [.json, everything, path],
        examples: [
            ("diatom languages", "ids, names, versions, how they start, what is missing"),
            ("diatom languages install go rust", "install both"),
            ("diatom languages add swift --path /opt/swift/usr", "use a toolchain that is already here"),
            ("diatom languages show java --json", "one language, for a program"),
        ],
        body: { (invocation) throws(UsageError) in
            var words = invocation.parsed.operands[...]
            let verb = words.popFirst() ?? "list"
            let ids = Array(words)
            if invocation.parsed.has(path), verb != "add" { throw UsageError("--path belongs to 'add'") }
            if invocation.parsed.has(everything), verb != "install" {
                throw UsageError("--all belongs to 'install'")
            }
            switch verb {
            case "list":
                guard ids.isEmpty else { throw UsageError("'list' takes no language; 'show' does") }
                return try LanguageReport(invocation).list()
            case "show": return try LanguageReport(invocation).show(try one(ids, verb))
            case "install":
                return try LanguageInstaller(invocation).install(ids, all: invocation.parsed.has(everything))
            case "add":
                guard let folder = invocation.parsed.value(path) else {
                    throw UsageError("'add' needs the toolchain's folder: --path FOLDER")
                }
                return try ToolchainShelf(invocation).add(try one(ids, verb), folder: folder)
            case "remove": return try ToolchainShelf(invocation).remove(try one(ids, verb))
            default:
                throw UsageError("there is no 'languages \(verb)'; it lists, shows, installs, adds, removes")
            }
        })

    private static func one(_ ids: [String], _ verb: String) throws(UsageError) -> String {
        guard ids.count == 1 else { throw UsageError("'\(verb)' takes one language") }
        return ids[0]
    }
}
