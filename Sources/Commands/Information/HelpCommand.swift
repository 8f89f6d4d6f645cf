extension Command {
    static let help = Command(
        name: "help", summary: "explain a command",
        usage: ["help [COMMAND]"],
        examples: [("diatom help run", "the same as 'diatom run --help'")],
        body: { (invocation) throws(UsageError) in
            guard let name = invocation.parsed.operands.first else {
                Messages(environment: invocation.environment).print(HelpText.overview())
                return 0
            }
            guard let command = Command.named(name) else { throw UsageError("there is no command '\(name)'") }
            Messages(environment: invocation.environment).print(HelpText.of(command))
            return 0
        })
}
