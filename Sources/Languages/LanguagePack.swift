/// What Diatom knows of one language, read from its pack (docs/language-packs.md).
package struct LanguagePack: Hashable, Sendable {
    /// How sources become something that can be run.
    package struct Compile: Hashable, Sendable {
        package var command: CommandTemplate
        /// Paths that are carried over to the run step; `{output}` is the first.
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
    package var run: CommandTemplate
    /// Of the run step; a request's own variables come after.
    package var env: [String: String]
    package var version: VersionProbe?
    /// Absolute paths that may hold a program, by the name that templates use.
    package var requires: [String: [String]]
    /// The command that installs what is missing, on Debian.
    package var install: String
    package var compileErrors: ErrorRules?
    package var runErrors: ErrorRules?
}

extension LanguagePack: Decodable {
    private enum Key: String, CodingKey {
        case id, name, aliases, extensions, interpreters, entry, host, compile, run, env, version, requires
        case install, errors
    }

    private enum ErrorKey: String, CodingKey { case compile, run }

    package init(from decoder: any Decoder) throws {
        let pack = try decoder.container(keyedBy: Key.self)
        id = try pack.decode(String.self, forKey: .id)
        name = try pack.decode(String.self, forKey: .name)
        aliases = try pack.decode([String].self, forKey: .aliases)
        extensions = try pack.decode([String].self, forKey: .extensions)
        interpreters = try pack.decode([String].self, forKey: .interpreters)
        entry = try pack.decode(String.self, forKey: .entry)
        host = try pack.decodeIfPresent(String.self, forKey: .host)
        compile = try pack.decodeIfPresent(Compile.self, forKey: .compile)
        run = try pack.decode(CommandTemplate.self, forKey: .run)
        env = try pack.decodeIfPresent([String: String].self, forKey: .env) ?? [:]
        version = try pack.decodeIfPresent(VersionProbe.self, forKey: .version)
        requires = try pack.decode([String: [String]].self, forKey: .requires)
        install = try pack.decode(String.self, forKey: .install)
        guard pack.contains(.errors) else { return }
        let errors = try pack.nestedContainer(keyedBy: ErrorKey.self, forKey: .errors)
        compileErrors = try errors.decodeIfPresent(ErrorRules.self, forKey: .compile)
        runErrors = try errors.decodeIfPresent(ErrorRules.self, forKey: .run)
    }
}

extension LanguagePack.Compile: Decodable {
    private enum Key: String, CodingKey { case command, outputs, env }

    package init(from decoder: any Decoder) throws {
        let step = try decoder.container(keyedBy: Key.self)
        command = try step.decode(CommandTemplate.self, forKey: .command)
        outputs = try step.decode([String].self, forKey: .outputs)
        env = try step.decodeIfPresent([String: String].self, forKey: .env) ?? [:]
    }
}
