/// The program `diatom`, from this process's arguments and environment to its exit code.
package func main(makeRunner: @escaping RunnerMaker) -> Int32 {
    Process.openStandardDescriptors()
    guard let arguments = Process.arguments() else {
        Messages(environment: [:]).complain("an argument is not UTF-8")
        return ExitCode.wrongUsage
    }
    return main(arguments: arguments, environment: Process.environment(), makeRunner: makeRunner)
}

/// The program `diatom`, from its arguments to its exit code.
///
/// `arguments`: Without the program's own name.
/// `makeRunner`: Called at most once, and only when no service runs.
package func main(
    arguments: [String], environment: [String: String], makeRunner: @escaping RunnerMaker
) -> Int32 {
    let messages = Messages(environment: environment)
    guard let first = arguments.first else {
        messages.print(HelpText.overview())
        return ExitCode.wrongUsage
    }
    let words = Array(arguments.dropFirst())
    let name = ["--help": "help", "-h": "help", "--version": "version", "-V": "version"][first] ?? first
    guard let command = Command.named(name) else {
        messages.complain("there is no command '\(first)'; 'diatom --help' lists the commands")
        return ExitCode.wrongUsage
    }
    let asksForHelp = words.prefix { $0 != "--" }.contains { $0 == "--help" || $0 == "-h" }
    if asksForHelp, !command.passesArguments || words.count == 1 {
        messages.print(HelpText.of(command))
        return 0
    }
    do throws(UsageError) {
        let options = command.options + [.help]
        let invocation = Invocation(
            parsed: try ParsedArguments(command.passesArguments ? [] : words, options: options), words: words,
            environment: environment, makeRunner: makeRunner)
        return try command.body(invocation)
    } catch {
        messages.complain("\(command.name): \(error.message); 'diatom \(command.name) --help' shows how")
        return ExitCode.wrongUsage
    }
}
