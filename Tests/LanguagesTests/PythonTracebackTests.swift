import Domain
import Languages
import Testing

struct PythonTracebackTests {
    private func read(_ stderr: String, sources: [SourceFile] = []) -> GuestError? {
        GuestErrorReader.read(.python, stderr: Array(stderr.utf8), exitCode: 1, sources: sources)
    }

    private let division = """
        Traceback (most recent call last):
          File "/home/user/main.py", line 5, in <module>
            f(0)
          File "/home/user/lib/div.py", line 2, in f
            return 1 / x
                   ~~^~~
        ZeroDivisionError: division by zero

        """

    @Test func `a traceback gives name, message, place and frames`() throws {
        let error = try #require(read(division))
        #expect(error.name == "ZeroDivisionError")
        #expect(error.message == "division by zero")
        #expect(error.file == "lib/div.py")
        #expect(error.line == 2)
        #expect(error.column == 10)
        #expect(error.frames.map(\.function) == ["<module>", "f"])
        #expect(error.traceback.first == "Traceback (most recent call last):")
        #expect(error.traceback[1] == "  File \"main.py\", line 5, in <module>")
        #expect(error.traceback.last == "ZeroDivisionError: division by zero")
    }

    @Test func `the column counts the indentation that python leaves out`() throws {
        let source = SourceFile(
            path: try WorkspacePath(parsing: "lib/div.py"),
            content: Array("def f(x):\n    return 1 / x\n".utf8))
        #expect(read(division, sources: [source])?.column == 14)
    }

    @Test func `frames of the library are left out and the innermost own frame is the place`() throws {
        let error = try #require(
            read(
                """
                Traceback (most recent call last):
                  File "/home/user/main.py", line 2, in <module>
                    json.loads("x")
                  File "/usr/lib/python3.11/json/__init__.py", line 346, in loads
                    return _default_decoder.decode(s)
                           ^^^^^^^^^^^^^^^^^^^^^^^^^^
                  File "<string>", line 1, in <module>
                json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)
                """))
        #expect(error.name == "JSONDecodeError")
        #expect(error.message == "Expecting value: line 1 column 1 (char 0)")
        #expect(error.line == 2)
        #expect(error.column == nil)
        #expect(error.frames.count == 1)
        #expect(!error.traceback.joined().contains("/usr/lib"))
    }

    @Test(arguments: [
        ("ValueError", "ValueError", ""),
        ("ValueError:", "ValueError", ""),
        ("__main__.Oops: a: b", "Oops", "a: b"),
        ("__main__.f.<locals>.Größe: ü", "Größe", "ü"),
        ("AssertionError: one\ntwo\n\n  three\n", "AssertionError", "one\ntwo\n\n  three"),
        ("KeyError: 'k'\nException ignored in: <x>\nrest", "KeyError", "'k'"),
    ])
    func `the last lines give name and message`(_ lines: String, _ name: String, _ message: String) {
        let error = read(
            "noise\nTraceback (most recent call last):\n  File \"main.py\", line 1, in <module>\n\(lines)")
        #expect(error?.name == name)
        #expect(error?.message == message)
    }

    @Test func `a syntax error has no header and its caret is the column`() throws {
        let error = try #require(
            read(
                "  File \"/home/user/main.py\", line 2\n    if True\n           ^\nSyntaxError: expected ':'\n"
            ))
        #expect(error.name == "SyntaxError")
        #expect(error.file == "main.py")
        #expect(error.line == 2)
        #expect(error.column == 8)
        #expect(error.frames.isEmpty)
    }

    @Test func `of chained exceptions the last is the error`() {
        let chained =
            division + "\nDuring handling of the above exception, another exception occurred:\n\n"
            + "Traceback (most recent call last):\n  File \"/home/user/main.py\", line 9, in <module>\nRuntimeError: late\n"
        #expect(read(chained)?.name == "RuntimeError")
        #expect(read(chained)?.line == 9)
    }

    @Test func `an exception that was ignored at the end is not the error`() {
        let aside =
            "Exception ignored in: <function A.__del__ at 0x7f>\nTraceback (most recent call last):\n"
            + "  File \"/home/user/main.py\", line 3, in __del__\nTypeError: nothing\n"
        #expect(read(division + aside)?.name == "ZeroDivisionError")
        #expect(read(division + aside)?.message == "division by zero")
        #expect(read(aside)?.name == "TypeError")
    }

    @Test func `an exception group is the error and its members are not`() {
        let group = """
              + Exception Group Traceback (most recent call last):
              |   File "/home/user/g.py", line 4, in <module>
              |     raise ExceptionGroup("both", [ValueError(1), TypeError("t")])
              | ExceptionGroup: both (2 sub-exceptions)
              +-+---------------- 1 ----------------
                | Traceback (most recent call last):
                |   File "/home/user/g.py", line 1, in f
                | ValueError: 1
                +---------------- 2 ----------------
                | TypeError: t
                +------------------------------------
            """
        #expect(read(group)?.name == "ExceptionGroup")
        #expect(read(group)?.message == "both (2 sub-exceptions)")
        #expect(read(group)?.line == 4)
    }

    @Test(arguments: [
        "", "\n", "usage: x", "Traceback (most recent call last):", "  File \"", "  File \"main.py\", line",
    ])
    func `without an exception there is no error`(_ stderr: String) {
        #expect(read(stderr) == nil)
    }

    @Test func `a program that succeeded had no error whatever it printed`() {
        #expect(GuestErrorReader.read(.python, stderr: Array(division.utf8), exitCode: 0) == nil)
    }

    @Test func `a thousand frames become sixty-four and the innermost is kept`() throws {
        let frames = (1...1_000).map { "  File \"main.py\", line \($0), in f\($0)\n    f()\n" }.joined()
        let error = try #require(
            read(
                "Traceback (most recent call last):\n\(frames)RecursionError: maximum recursion depth exceeded"
            ))
        #expect(error.frames.count == 64)
        #expect(error.line == 1_000)
        #expect(error.frames.last?.function == "f1000")
        #expect(error.traceback.count < 64 * 5 + 4)
    }

    @Test func `a message of megabytes is cut at a character`() throws {
        let message = String(repeating: "ü", count: 500_000)
        #expect(read("Traceback (most recent call last):\nValueError: \(message)") == nil)
        let short = String(repeating: "ü", count: 20_000)
        let error = try #require(read("Traceback (most recent call last):\nValueError: x\(short)"))
        #expect(error.message.utf8.count <= GuestErrorReader.longestMessage)
        #expect(!error.message.unicodeScalars.contains("\u{fffd}"))
    }

    struct Hostile: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var text: String
    }

    private static let header = "Traceback (most recent call last):\n"
    private static let hostile = [
        Hostile(
            testDescription: "a file name of 70 kB",
            text: header + String(repeating: "  File \"", count: 9_000) + "\nE: x"),
        Hostile(
            testDescription: "a line number beyond all integers",
            text: header + "  File \"a\", line 99999999999999999999, in x\nE: x"),
        Hostile(
            testDescription: "a caret left of the text",
            text: header + "  File \"a\", line 1, in x\n  f()\n  ^\nE: x"),
        Hostile(testDescription: "3,000 headers", text: String(repeating: header, count: 3_000) + "E: x"),
        Hostile(testDescription: "carets only", text: String(repeating: "^", count: 70_000)),
        Hostile(
            testDescription: "2,000 groups",
            text: String(
                repeating: "  + Exception Group Traceback (most recent call last):\n  | ", count: 2_000)),
    ]

    @Test(arguments: hostile)
    func `hostile text is read without harm`(_ row: Hostile) {
        let error = read(row.text)
        #expect((error?.frames.count ?? 0) <= 64)
        #expect((error?.traceback.joined().utf8.count ?? 0) <= 400 << 10)
    }

    @Test func `a path that climbs out of the workspace is not the user's`() throws {
        let error = try #require(read(Self.header + "  File \"../../etc/passwd\", line 1, in x\nE: x"))
        #expect(error.file == nil)
    }

    @Test func `bytes that are no text are read without harm`() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<50 {
            var bytes = Array("Traceback (most recent call last):\n  File \"m\", line 1, in x\n".utf8)
            bytes += (0..<2_000).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            _ = GuestErrorReader.read(.python, stderr: bytes, exitCode: nil)
        }
    }
}
