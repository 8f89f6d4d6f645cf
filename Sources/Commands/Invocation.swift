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
}
