/// One word after `diatom`: what it takes, what its help says, and what it does.
///
/// A new command is a value of this type and a row in ``all``.
struct Command: Sendable {
    var name: String
    /// One line in the list of commands.
    var summary: String
    /// The forms of the command line, without `diatom`.
    var usage: [String]
    var details = ""
    var options: [CommandOption] = []
    /// Command lines and what they are for.
    var examples: [(line: String, purpose: String)]
    /// Whether the words after the command go elsewhere unread.
    var passesArguments = false
    /// Does the work; the result is the exit code.
    var body: @Sendable (Invocation) throws(UsageError) -> Int32

    /// In the order in which the help lists them.
    static var all: [Command] {
        [
            .run, .session, .env, .languages, .keys, .audit, .backup, .restore, .doctor, .bench, .serve,
            .version, .help,
        ]
    }

    static func named(_ name: String) -> Command? { all.first { $0.name == name } }
}
