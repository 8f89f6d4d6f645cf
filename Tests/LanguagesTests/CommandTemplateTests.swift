@testable import Languages
import Testing

struct CommandTemplateTests {
    private func argv(
        _ template: [String], _ values: CommandTemplate.Values, args: [String] = []
    ) throws -> [String] {
        try CommandTemplate(parsing: template).expand(values, args: args.map { Array($0.utf8) })
            .map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func `gaps are filled and arguments come last`() throws {
        var values = CommandTemplate.Values(entry: "main.c")
        values.sources = ["main.c", "-o.c", "lib/a b.c"]
        values.output = "main"
        values.programs = ["gcc": "/usr/bin/gcc"]
        let template = ["{gcc}", "--in={entry}", "{sources}", "-o", "./{output}", ""]
        let expected = [
            "/usr/bin/gcc", "--in=main.c", "main.c", "./-o.c", "lib/a b.c", "-o", "./main", "", "-x",
            "{entry}",
        ]
        #expect(try argv(template, values, args: ["-x", "{entry}"]) == expected)
    }

    @Test func `a file whose name begins with a dash cannot be an option`() throws {
        #expect(try argv(["python3", "{entry}"], .init(entry: "-c.py")) == ["python3", "./-c.py"])
    }

    @Test func `a gap without a value is an error`() {
        #expect(throws: CommandTemplate.Unfilled(gap: "gcc")) { try argv(["{gcc}"], .init(entry: "a")) }
        #expect(throws: CommandTemplate.Unfilled(gap: "output")) { try argv(["{output}"], .init(entry: "a")) }
    }
}
