internal import Languages

/// Everything that a command may know: what was typed, and what `main` was given.
struct Invocation: Sendable {
    var parsed: ParsedArguments
    /// The words after the command, as they were typed.
    var words: [String]
    var environment: [String: String]
    var makeRunner: RunnerMaker

    var dataFolder: String {
        DataFolder.path(given: parsed.value(RunFlags.data), environment: environment, isRoot: Process.isRoot)
    }

    var toolchainFile: String { Toolchains.path(environment: environment, isRoot: Process.isRoot) }

    /// All languages, with the toolchains that the operator brought along.
    func catalogue() throws(UsageError) -> LanguageCatalogue {
        do throws(Toolchains.Unreadable) {
            return LanguageCatalogue(toolchains: try Toolchains.load(toolchainFile))
        } catch {
            throw UsageError("\(error)")
        }
    }
}
