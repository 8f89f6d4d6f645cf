import Domain
import Languages
import Testing

struct LineRulesTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var language: String
        var compiling = false
        var stderr: String
        var name: String
        var message: String
        var file: String?
        var line: Int?
        var column: Int?
        var testDescription: String { "\(language): \(name)" }
    }

    private static let cases = [
        Case(
            language: "c", compiling: true,
            stderr:
                "main.c: In function 'main':\nmain.c:3:5: warning: x\nmain.c:4:12: error: 'x' undeclared\nb.c:1:1: error: y",
            name: "CompileError", message: "'x' undeclared", file: "main.c", line: 4, column: 12),
        Case(
            language: "c", compiling: true,
            stderr: "main.c:1:10: fatal error: no.h: No such file or directory",
            name: "CompileError", message: "no.h: No such file or directory", file: "main.c", line: 1,
            column: 10),
        Case(
            language: "c", compiling: true,
            stderr:
                "/usr/bin/ld: /tmp/cc.o: in function `main':\nmain.c:(.text+0x5): undefined reference to `f'",
            name: "LinkError", message: "`f'"),
        Case(
            language: "c", compiling: true, stderr: "/usr/include/stdio.h:3:1: error: odd",
            name: "CompileError", message: "odd"),
        Case(
            language: "c", stderr: "out\nmain: lib/a.c:7: check: Assertion `n > 0' failed.\n",
            name: "AssertionError",
            message: "`n > 0' failed.", file: "lib/a.c", line: 7),
        Case(
            language: "c", stderr: "*** stack smashing detected ***: terminated", name: "Aborted",
            message: "stack smashing detected"),
        Case(
            language: "bash",
            stderr:
                "main.sh: line 2: a: command not found\nmain.sh: line 5: 1 / 0: division by 0 (error token is \"0\")",
            name: "DivisionByZero", message: "1 / 0: division by 0 (error token is \"0\")", file: "main.sh",
            line: 5),
        Case(
            language: "bash", stderr: "/home/user/main.sh: line 2: foo: command not found",
            name: "CommandNotFound",
            message: "foo: command not found", file: "main.sh", line: 2),
        Case(
            language: "sh", stderr: "main.sh: 3: nope: not found", name: "CommandNotFound",
            message: "nope: not found",
            file: "main.sh", line: 3),
        Case(
            language: "sh", stderr: "main.sh: 4: Syntax error: \"done\" unexpected", name: "SyntaxError",
            message: "\"done\" unexpected", file: "main.sh", line: 4),
    ]

    @Test(arguments: cases)
    func `a line of a tool gives name, message and place`(_ row: Case) throws {
        let pack = try #require(try LanguageCatalogue().pack(named: row.language))
        let rules = try #require(row.compiling ? pack.compileErrors : pack.runErrors)
        let error = try #require(GuestErrorReader.read(rules, stderr: Array(row.stderr.utf8), exitCode: 1))
        #expect(error.name == row.name)
        #expect(error.message == row.message)
        #expect(error.file == row.file)
        #expect(error.line == row.line)
        #expect(error.column == row.column)
    }

    @Test(arguments: [
        "", ":::::", ": line 3: x", "main.sh: line : x", "main.sh: line 99999999999: x",
        String(repeating: "a: line ", count: 8_000), String(repeating: "x", count: 100_000) + ": line 1: y",
    ])
    func `a line that is not of the form is no error`(_ stderr: String) throws {
        let rules = try #require(try LanguageCatalogue().pack(named: "bash")?.runErrors)
        #expect(GuestErrorReader.read(rules, stderr: Array(stderr.utf8), exitCode: 1) == nil)
    }

    @Test(arguments: ["{file}{line}", "{what}", "a{file", "{"])
    func `a pattern that cannot be meant is refused`(_ pattern: String) {
        #expect(throws: LinePattern.Invalid.self) { try LinePattern(parsing: pattern) }
    }
}
