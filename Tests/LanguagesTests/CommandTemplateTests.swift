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

    @Test func `two braces stand for one, and open no gap`() throws {
        #expect(try argv(["f {{ x }", "{{entry}"], .init(entry: "a")) == ["f { x }", "{entry}"])
    }

    @Test func `a script has its programs as variables and the sources as arguments`() throws {
        var values = CommandTemplate.Values(entry: "main.x")
        values.sources = ["main.x", "-b.x"]
        values.output = "out"
        values.programs = ["xc": "/usr/bin/xc"]
        let template = CommandTemplate(script: ["a=${b}", "\"$xc\" \"$@\""], programs: ["xc"])
        let argv = try template.expand(values).map { String(decoding: $0, as: UTF8.self) }
        #expect(
            argv == [
                "/bin/sh", "-c", "xc='/usr/bin/xc'\na=${b}\n\"$xc\" \"$@\"", "sh", "out", "main.x", "./-b.x",
            ])
    }

    @Test func `a heap is only a number where a limit is known`() throws {
        var values = CommandTemplate.Values(entry: "a")
        #expect(throws: CommandTemplate.Unfilled(gap: "heap_mb")) { try argv(["-Xmx{heap_mb}m"], values) }
        values.heap = 307
        #expect(try argv(["-Xmx{heap_mb}m"], values) == ["-Xmx307m"])
    }
}
