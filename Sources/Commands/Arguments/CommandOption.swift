/// One row of a command's option table: the parser accepts what the help shows.
struct CommandOption: Hashable, Sendable {
    /// Without the dashes.
    var name: String
    var short: Character?
    /// What the help calls the value; nil when the option takes none.
    var value: String?
    var help: String

    init(_ name: String, short: Character? = nil, value: String? = nil, _ help: String) {
        self.name = name
        self.short = short
        self.value = value
        self.help = help
    }

    static let help = CommandOption("help", short: "h", "show this text")
    static let json = CommandOption("json", "print data as JSON")
}
