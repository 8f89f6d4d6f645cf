/// Help, laid out from the tables that the parser uses.
enum HelpText {
    static func overview() -> String {
        var text = """
            Diatom runs code that nobody has read yet, sealed and metered.

            Usage: diatom COMMAND [OPTION…]

            """
        text += section("Commands", Command.all.map { ($0.name, $0.summary) })
        text += section(
            "Examples",
            [
                ("diatom run main.py", "run a program"),
                ("diatom run -l python -c 'print(6 * 7)'", "run a line of code"),
                ("diatom languages", "what can be run here"),
            ])
        return text + "\n'diatom COMMAND --help' explains a command."
    }

    static func of(_ command: Command) -> String {
        var text = "diatom \(command.name): \(command.summary)\n"
        for (index, usage) in command.usage.enumerated() {
            text += index == 0 ? "\nUsage: diatom \(usage)\n" : "       diatom \(usage)\n"
        }
        if !command.details.isEmpty { text += "\n\(command.details)\n" }
        text += section("Options", (command.options + [.help]).map { (left(of: $0), $0.help) })
        text += section("Examples", command.examples.map { ($0.line, $0.purpose) })
        return String(text.dropLast())
    }

    private static func left(of option: CommandOption) -> String {
        let short = option.short.map { "-\($0), " } ?? "    "
        return short + "--\(option.name)" + (option.value.map { " \($0)" } ?? "")
    }

    private static func section(_ title: String, _ rows: [(left: String, right: String)]) -> String {
        let longest = 44
        let width = rows.map(\.left.count).filter { $0 <= longest }.max() ?? 0
        var text = "\n\(title):\n"
        for row in rows {
            if row.left.count > longest {
                text += "  \(row.left)\n" + String(repeating: " ", count: width + 4) + row.right + "\n"
            } else {
                text +=
                    "  \(row.left)" + String(repeating: " ", count: width - row.left.count + 2) + row.right
                    + "\n"
            }
        }
        return text
    }
}
