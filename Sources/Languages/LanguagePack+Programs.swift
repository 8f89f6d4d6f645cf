internal import Glibc
internal import Posix

extension LanguagePack {
    /// Programs that the pack needs and this machine lacks.
    package struct Missing: Error, Hashable {
        package var programs: [String]
        package var install: String
    }

    /// Finds the pack's programs: of each the first path that holds something executable.
    ///
    /// Costs one `access` for each candidate; the answer is what ``CommandTemplate/Values/programs`` takes.
    package func locatePrograms() throws(Missing) -> [String: String] {
        try Self.locate(requires, remedy: remedy)
    }

    static func locate(
        _ requires: [String: [String]], remedy: String
    ) throws(Missing) -> [String: String] {
        var found: [String: String] = [:]
        var missing: [String] = []
        for (name, candidates) in requires {
            let paths = candidates.lazy.map(path)
            if let path = paths.first(where: { access($0, X_OK) == 0 }) {
                found[name] = path
            } else {
                missing.append(name)
            }
        }
        guard missing.isEmpty else { throw Missing(programs: missing.sorted(), install: remedy) }
        return found
    }

    /// A candidate without a slash is a program of Diatom's own, which lies beside the one that runs.
    private static func path(_ candidate: String) -> String {
        candidate.contains("/") ? candidate : ownFolder + "/" + candidate
    }

    /// The names of the programs that are Diatom's own: no sandbox has them, they are laid into the workspace.
    package var ownPrograms: [String] {
        requires.filter { $0.value.contains { !$0.contains("/") } }.map(\.key)
    }

    private static let ownFolder = ChildProcess.ownFolder()
    /// The command that installs what is missing, or where to get it.
    package var remedy: String { install.otherwise ?? "diatom languages install \(id)" }

    /// What this machine lacks; nil when the pack can be used.
    package var missing: Missing? {
        do throws(Missing) {
            _ = try locatePrograms()
            return nil
        } catch {
            return error
        }
    }

    /// What fills the templates of both steps.
    ///
    /// `entry`: The file to start; it is a source whatever its name.
    /// `files`: All given files; those with one of the pack's endings are sources.
    /// `programs`: From ``locatePrograms()``.
    package func values(
        entry: String, files: [String], programs: [String: String]
    ) -> CommandTemplate.Values {
        var values = CommandTemplate.Values(entry: entry)
        values.sources = [entry] + files.filter { $0 != entry && isSource($0) }
        values.output = compile?.outputs.first ?? ""
        values.programs = programs
        return values
    }

    private func isSource(_ path: String) -> Bool {
        extensions.contains { path.utf8.count > $0.utf8.count + 1 && path.hasSuffix("." + $0) }
    }
}
