internal import Glibc

/// How a language's programs are checked before they run, where a request asks for that.
package struct TypeCheck: Hashable, Sendable {
    package var command: CommandTemplate
    package var env: [String: String]
    /// Absolute paths that may hold a program, as ``LanguagePack/requires`` has them.
    package var requires: [String: [String]]
    /// The command that installs what is missing.
    package var install: String
    package var version: VersionProbe?
    package var errors: ErrorRules?
}

extension TypeCheck {
    static let members = ["requires", "install", "script", "env", "version", "errors"]

    init(reading check: PackReader, programs: [String]) throws(PackReader.Wrong) {
        requires = try check.lists("requires")
        install = try check.text("install")
        let all = programs + requires.keys
        command = CommandTemplate(script: try check.texts("script"), programs: all, output: nil)
        env = try check.table("env")
        version = try check.object("version", known: VersionProbe.members).map(VersionProbe.init(reading:))
        try version?.command.check(gaps: Set(all), member: check.wrong("version.command", "").member)
        errors = try check.object("errors", known: ErrorRules.members).map(ErrorRules.init(reading:))
    }

    /// Finds its own programs: of each the first path that holds something executable.
    package func locatePrograms() throws(LanguagePack.Missing) -> [String: String] {
        try LanguagePack.locate(requires, remedy: install)
    }
}
