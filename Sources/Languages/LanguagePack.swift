internal import JSON

/// What Diatom knows of one language, read from its pack (docs/language-packs.md).
package struct LanguagePack: Hashable, Sendable {
    /// How sources become something that can be run.
    package struct Compile: Hashable, Sendable {
        package var command: CommandTemplate
        /// Paths, or patterns of paths, that are carried over to the run step; `{output}` is the first.
        package var outputs: [String]
        package var env: [String: String]
    }

    package var id: String
    package var name: String
    /// Other names, in lower case: those of Piston, Judge0, Linguist and Markdown fences.
    package var aliases: [String]
    /// Without the dot, in lower case; the first is the usual one.
    package var extensions: [String]
    /// Names of programs in a `#!` line that mean this language.
    package var interpreters: [String]
    /// Path of the program where a request names none.
    package var entry: String
    /// The warm host that can run it; nil when every run is an exec.
    package var host: String?
    package var compile: Compile?
    /// How its types are checked where a request asks for that; nil where nothing can.
    package var check: TypeCheck?
    package var run: CommandTemplate
    /// Of the run step; a request's own variables come after.
    package var env: [String: String]
    /// Whether its programs leave rich results beside the files, asked or not.
    package var showsResults: Bool
    package var version: VersionProbe?
    /// Absolute paths that may hold a program, by the name that templates use.
    package var requires: [String: [String]]
    package var install: Installation
    package var compileErrors: ErrorRules?
    package var runErrors: ErrorRules?
}

extension LanguagePack {
    /// Reads a whole pack.
    ///
    /// - Throws: ``PackReader/Wrong`` naming the first member that is missing, unknown or of another kind.
    init(parsing json: [UInt8]) throws(PackReader.Wrong) {
        let pack: PackReader
        do {
            pack = try PackReader(try JSONParser.parse(json), path: "", known: Self.members)
        } catch let error as PackReader.Wrong {
            throw error
        } catch {
            throw PackReader.Wrong(member: "", problem: "\(error)")
        }
        id = try pack.text("id")
        name = try pack.text("name")
        aliases = try pack.texts("aliases")
        extensions = try pack.texts("extensions")
        interpreters = try pack.texts("interpreters")
        entry = try pack.text("entry")
        host = try pack.optionalText("host")
        showsResults = try pack.flag("results")
        run = try CommandTemplate(reading: pack, "run")
        env = try pack.table("env")
        guard let install = try pack.object("install", known: Installation.members) else {
            throw pack.wrong("install", "is missing")
        }
        self.install = try Installation(reading: install)
        requires = try pack.lists("requires")
        compile = try pack.object("compile", known: Compile.members).map {
            (step) throws(PackReader.Wrong) in try Compile(reading: step, programs: Array(requires.keys))
        }
        check = try pack.object("check", known: TypeCheck.members).map {
            (check) throws(PackReader.Wrong) in try TypeCheck(reading: check, programs: Array(requires.keys))
        }
        version = try pack.object("version", known: VersionProbe.members).map(VersionProbe.init(reading:))
        let errors = try pack.object("errors", known: ["compile", "run"])
        compileErrors = try errors?.object("compile", known: ErrorRules.members).map(
            ErrorRules.init(reading:))
        runErrors = try errors?.object("run", known: ErrorRules.members).map(ErrorRules.init(reading:))
        try checkGaps()
    }

    private static let members = [
        "id", "aliases", "extensions", "interpreters", "name", "entry", "host", "requires", "install",
        "compile", "check", "run", "env", "version", "errors", "results",
    ]

    /// Sees to it that nothing can be left unfilled later.
    private func checkGaps() throws(PackReader.Wrong) {
        let always = Set(requires.keys).union(["entry"])
        let running = always.union(compile == nil ? ["heap_mb"] : ["heap_mb", "output"])
        try run.check(gaps: running, member: "run")
        try compile?.command.check(gaps: always.union(["sources", "output"]), member: "compile.command")
        try version?.command.check(gaps: Set(requires.keys), member: "version.command")
    }
}

extension LanguagePack.Compile {
    fileprivate static let members = ["command", "script", "outputs", "env"]

    fileprivate init(reading step: PackReader, programs: [String]) throws(PackReader.Wrong) {
        let script = try step.optionalTexts("script")
        command =
            script.isEmpty
            ? try CommandTemplate(reading: step, "command")
            : CommandTemplate(script: script, programs: programs)
        outputs = try step.texts("outputs")
        env = try step.table("env")
        guard !outputs.isEmpty else { throw step.wrong("outputs", "holds no path") }
    }
}
