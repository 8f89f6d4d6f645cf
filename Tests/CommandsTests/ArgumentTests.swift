@testable import Commands
import Testing

struct ArgumentTests {
    private let flag = CommandOption("verbose", short: "v", "")
    private let other = CommandOption("all", short: "a", "")
    private let named = CommandOption("language", short: "l", value: "NAME", "")

    private func parse(_ words: [String]) throws(UsageError) -> ParsedArguments {
        try ParsedArguments(words, options: [flag, other, named])
    }

    @Test(
        arguments: [
            (["-l", "c", "x"], "c", ["x"]), (["-lc", "x"], "c", ["x"]), (["--language=c"], "c", []),
            (["x", "--language", "c", "y"], "c", ["x", "y"]), (["--language="], "", []), (["-vlc"], "c", []),
            (["-l", "a", "-l", "b"], "b", []), (["-l", "--", "-"], "--", ["-"]), (["-"], nil, ["-"]),
        ] as [([String], String?, [String])])
    func `options and operands come in any order`(_ words: [String], _ value: String?, _ operands: [String])
        throws
    {
        let parsed = try parse(words)
        #expect(parsed.value(named) == value)
        #expect(parsed.operands == operands)
    }

    @Test func `what follows two dashes is left alone`() throws {
        let parsed = try parse(["-va", "x", "--", "-l", "--", "--nope"])
        #expect(parsed.has(flag) && parsed.has(other))
        #expect(parsed.operands == ["x"])
        #expect(parsed.rest == ["-l", "--", "--nope"])
        #expect(try parse(["x"]).rest == nil)
    }

    @Test(arguments: [
        (["--verbos"], "there is no option --verbos; did you mean --verbose?"),
        (["--zzz"], "there is no option --zzz"), (["-z"], "there is no option -z"),
        (["--verbose=1"], "--verbose takes no value"), (["-l"], "-l needs a value: -l NAME"),
        (["--language"], "--language needs a value: --language NAME"),
    ])
    func `a wrong line says why in one line`(_ words: [String], _ message: String) {
        #expect(throws: UsageError(message)) { try parse(words) }
    }

    @Test(arguments: ["0", "-1", "x", "", "1.5", "99999999999999999999"])
    func `a count is a whole number above zero`(_ text: String) throws {
        let parsed = try parse(["--language=" + text])
        #expect(throws: UsageError.self) { try parsed.count(named) }
    }

    @Test func `every command has help with an example and no option twice`() {
        for command in Command.all {
            #expect(!command.examples.isEmpty)
            let options = command.options + [.help]
            #expect(Set(options.map(\.name)).count == options.count)
            let letters = options.compactMap(\.short)
            #expect(Set(letters).count == letters.count)
            let help = HelpText.of(command)
            #expect(help.contains("Usage: diatom \(command.name)"))
            for option in options { #expect(help.contains("--\(option.name)")) }
            #expect(help.split(separator: "\n").allSatisfy { $0.count <= 110 })
        }
    }

    @Test(
        arguments: [
            ("/a", ["DIATOM_DATA": "/b"], true, "/a"), (nil, ["DIATOM_DATA": "/b"], true, "/b"),
            (nil, ["XDG_STATE_HOME": "/s"], true, "/var/lib/diatom"),
            (nil, ["XDG_STATE_HOME": "/s"], false, "/s/diatom"),
            (nil, ["HOME": "/h", "XDG_STATE_HOME": "s"], false, "/h/.local/state/diatom"),
            (nil, ["HOME": "/h"], false, "/h/.local/state/diatom"),
        ] as [(String?, [String: String], Bool, String)])
    func `the data directory is found as the contract says`(
        _ given: String?, _ environment: [String: String], _ isRoot: Bool, _ path: String
    ) {
        #expect(DataFolder.path(given: given, environment: environment, isRoot: isRoot) == path)
    }
}
