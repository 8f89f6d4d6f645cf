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
            language: "rust", compiling: true,
            stderr: "error[E0425]: cannot find value `x` in this scope\n --> main.rs:2:20\n  |\n",
            name: "CompileError", message: "cannot find value `x` in this scope", file: "main.rs", line: 2,
            column: 20),
        Case(
            language: "ocaml", compiling: true,
            stderr:
                "File \"main.ml\", line 2, characters 12-19:\n2 | let m = missing\n\nError: Unbound value missing",
            name: "CompileError", message: "Unbound value missing", file: "main.ml", line: 2, column: 12),
        Case(
            language: "haskell", compiling: true,
            stderr: "\nmain.hs:3:9: error:\n    • Variable not in scope: missing\n    • In a stmt",
            name: "CompileError", message: "Variable not in scope: missing", file: "main.hs", line: 3,
            column: 9),
        Case(
            language: "java",
            stderr:
                "Exception in thread \"main\" java.lang.IllegalStateException: a: b\n\tat java.base/java.util.List.of(List.java:7)\n\tat lib.A.f(A.java:5)\n",
            name: "IllegalStateException", message: "a: b", file: "lib/A.java", line: 5),
        Case(
            language: "nim",
            stderr:
                "odd(1) x\nmain.nim(4)      main\n/usr/lib/nim/system.nim(5) x\nmain.nim(2)      fail\nError: unhandled exception: boom [ValueError]",
            name: "ValueError", message: "boom", file: "main.nim", line: 2),
        Case(
            language: "ocaml",
            stderr:
                "Fatal error: exception Failure(\"a)\")\nRaised at Stdlib.failwith in file \"stdlib.ml\", line 29, characters 17-33\nCalled from Main in file \"main.ml\", line 4, characters 20-30",
            name: "Failure", message: "\"a)\"", file: "main.ml", line: 4, column: 20),
        Case(
            language: "swift", stderr: "main/main.swift:9: Assertion failed: not two\nCurrent stack trace:",
            name: "AssertionFailed", message: "not two", file: "main.swift", line: 9),
        Case(
            language: "swift", stderr: "main/A.swift:4: Assertion failed\n",
            name: "AssertionFailed", message: "", file: "lib/A.swift", line: 4),
        Case(
            language: "swift", stderr: "main/main.swift:3: Fatal error: boom: twice",
            name: "FatalError", message: "boom: twice", file: "main.swift", line: 3),
        Case(
            language: "swift",
            stderr: "Swift/ContiguousArrayBuffer.swift:692: Fatal error: Index out of range",
            name: "FatalError", message: "Index out of range"),
        Case(
            language: "swift",
            stderr:
                "Swift/ErrorType.swift:254: Fatal error: Error raised at top level: main.Empty(wanted: 1)",
            name: "UncaughtError", message: "main.Empty(wanted: 1)"),
        Case(
            language: "swift",
            stderr: "Could not cast value of type 'Swift.Int' (0x55) to 'Swift.String' (0x56).",
            name: "CastError",
            message: "Could not cast value of type 'Swift.Int' (0x55) to 'Swift.String' (0x56)."),
        Case(
            language: "java",
            stderr: "Exception in thread \"main\" java.lang.StackOverflowError\n\tat Main.f(Main.java:3)",
            name: "StackOverflowError", message: "", file: "Main.java", line: 3),
        Case(
            language: "go",
            stderr:
                "panic: boom\n\ngoroutine 1 [running]:\nmain.f(...)\n\tmain/main.go:6\nmain.main()\n\tmain/main.go:9 +0x1d\n",
            name: "Panic", message: "boom", file: "main.go", line: 6),
        Case(
            language: "perl", stderr: "look at this at home at main.pl line 3.\n", name: "Died",
            message: "look at this at home", file: "main.pl", line: 3),
        Case(
            language: "php",
            stderr:
                "PHP Fatal error:  Uncaught App\\Failure: stuck in mud in /home/user/main.php:3\nStack trace:",
            name: "Failure", message: "stuck in mud", file: "main.php", line: 3),
        Case(
            language: "cpp",
            stderr:
                "terminate called after throwing an instance of 'std::out_of_range'\n  what():  vector::at\n",
            name: "out_of_range", message: "vector::at"),
        Case(
            language: "sh", stderr: "main.sh: 4: Syntax error: \"done\" unexpected", name: "SyntaxError",
            message: "\"done\" unexpected", file: "main.sh", line: 4),
    ]

    @Test(arguments: cases)
    func `a line of a tool gives name, message and place`(_ row: Case) throws {
        let pack = try #require(try LanguageCatalogue().pack(named: row.language))
        let rules = try #require(row.compiling ? pack.compileErrors : pack.runErrors)
        let paths = [
            "main.c", "Main.java", "lib/A.java", "main.go", "main.rs", "main.ml", "main.hs", "main.swift",
            "lib/A.swift", "main.nim",
        ]
        let sources = try paths.map { SourceFile(path: try WorkspacePath(parsing: $0), content: []) }
        let error = try #require(
            GuestErrorReader.read(rules, stderr: Array(row.stderr.utf8), exitCode: 1, sources: sources))
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

    @Test(arguments: ["perl", "php", "java", "go", "tcl", "r", "prolog", "elixir"])
    func `what a guest prints to be hard to read is read in bounds`(_ id: String) throws {
        let rules = try #require(try LanguageCatalogue().pack(named: id)?.runErrors)
        for text in [" at ", "x in x:", "\n\tat (", "Error in ", "panic: ", "** (", "ERROR: ", " : : "] {
            let stderr = Array(String(repeating: text, count: 100_000).utf8)
            let error = GuestErrorReader.read(rules, stderr: stderr, exitCode: 1)
            #expect((error?.message.utf8.count ?? 0) <= GuestErrorReader.longestMessage)
            #expect((error?.traceback ?? []).allSatisfy { $0.utf8.count <= GuestErrorReader.longestLine })
        }
    }

    @Test(arguments: ["{file}{line}", "{what}", "a{file", "{"])
    func `a pattern that cannot be meant is refused`(_ pattern: String) {
        #expect(throws: LinePattern.Invalid.self) { try LinePattern(parsing: pattern) }
    }

    @Test func `the rest of an error is looked for nearby, and only in the user's files`() throws {
        let rules = try #require(try LanguageCatalogue().pack(named: "java")?.runErrors)
        let head = "Exception in thread \"main\" a.B: c\n"
        let source = [SourceFile(path: try WorkspacePath(parsing: "Main.java"), content: [])]
        func line(_ text: String) -> Int? {
            GuestErrorReader.read(rules, stderr: Array(text.utf8), exitCode: 1, sources: source)?.line
        }
        #expect(line(head + "\tat x(List.java:9)\n\tat y(Main.java:3)") == 3)
        #expect(line(head + "\tat x(List.java:9)\n\tat x(/etc/Main.javax:9)") == nil)
        #expect(line(head + String(repeating: "\tat z\n", count: 300) + "\tat y(Main.java:3)") == nil)
    }

    @Test(arguments: [
        ("{message>} in {file}:{line}", "a in b in main.c:3", "a in b", 3),
        ("{message} in {file}:{line}", "a in main.c:3 +0x1d", "a", 3),
        ("{message>}({line})", "x(1)(2)", "x(1)", 2),
    ])
    func `a gap with a greater-than sign reaches as far as it can`(
        _ pattern: String, _ line: String, _ message: String, _ number: Int
    ) throws {
        let captures = try #require(try LinePattern(parsing: pattern).match(Array(line.utf8)[...]))
        #expect(captures.message == message && captures.line == number)
    }
}
