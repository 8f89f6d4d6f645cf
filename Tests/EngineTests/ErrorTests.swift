internal import Domain
internal import Testing

@Suite(.needsSandboxes, .timeLimit(.minutes(2)))
struct ErrorTests {
    @Test(arguments: Lab.starts)
    func `a Python error is told with its file, line, column and frames`(_ start: RunRequest.Start)
        async throws
    {
        let code = "import helper\n\ndef f(x):\n    return helper.g(x)\n\nf(0)\n"
        let result = try await Lab.run(code, start: start) {
            $0.files.append(
                SourceFile(
                    path: try WorkspacePath(parsing: "helper.py"),
                    content: Array("def g(x):\n    return 1 / x\n".utf8)))
        }
        #expect(result.verdict.status == .failed, result.account)
        let error = try #require(result.error)
        #expect(error.name == "ZeroDivisionError")
        #expect(error.message == "division by zero")
        #expect(error.file == "helper.py")
        #expect(error.line == 2)
        #expect(error.column == 14)  // the operator, as the interpreter marks it
        #expect(
            error.frames.map { "\($0.file):\($0.line) \($0.function)" } == [
                "main.py:6 <module>", "main.py:4 f", "helper.py:2 g",
            ])
        #expect(!error.traceback.contains { $0.contains("/diatom") || $0.contains("sitecustomize") })
        #expect(!result.err.contains("sitecustomize"))
    }

    @Test(arguments: Lab.starts)
    func `a Python syntax error points at its place`(_ start: RunRequest.Start) async throws {
        let result = try await Lab.run("x = 1\nif x\n    pass\n", start: start)
        let error = try #require(result.error, result.account)
        #expect(error.name == "SyntaxError")
        #expect(error.message == "expected ':'")
        #expect(error.file == "main.py" && error.line == 2 && error.column == 5, "\(error)")
    }

    @Test func `a traceback is the same, warm and fresh`() async throws {
        let code =
            "def f():\n    raise KeyError('k')\ntry:\n    f()\nexcept KeyError as e:\n    raise RuntimeError('r') from e\n"
        let warm = try await Lab.run(code)
        let fresh = try await Lab.run(code, start: .fresh)
        #expect(warm.err == fresh.err)
        #expect(warm.error == fresh.error && warm.error?.name == "RuntimeError")
    }

    @Test func `a C program that does not compile fails with the place of its error, and nothing runs`()
        async throws
    {
        let result = try await Lab.run("#include <stdio.h>\nint main(void) {\n  return missing;\n}\n", "c")
        #expect(result.verdict.status == .compileFailed, result.account)
        #expect(result.verdict.exitCode == nil)
        #expect(result.compile?.verdict.status == .compileFailed)
        #expect(result.stdout == [] && result.stderr == [])
        let error = try #require(result.error)
        #expect(
            error.name == "CompileError" && error.file == "main.c" && error.line == 3 && error.column == 10,
            "\(error)")
        #expect(error.message.contains("missing"))
    }

    @Test func `compiling has limits of its own`() async throws {
        // Includes itself without end: the preprocessor stops by itself, the macro below does not.
        let code =
            "#define A(x) B(x) B(x) B(x) B(x)\n#define B(x) C(x) C(x) C(x) C(x)\n#define C(x) D(x) D(x) D(x) D(x)\n"
            + "#define D(x) E(x) E(x) E(x) E(x)\n#define E(x) F(x) F(x) F(x) F(x)\n#define F(x) G(x) G(x) G(x) G(x)\n"
            + "#define G(x) H(x) H(x) H(x) H(x)\n#define H(x) I(x) I(x) I(x) I(x)\n#define I(x) J(x) J(x) J(x) J(x)\n"
            + "#define J(x) K(x) K(x) K(x) K(x)\n#define K(x) x + x + x + x +\nlong long v = A(1LL) 0;\nint main(void) { return 0; }\n"
        let result = try await Lab.run(code, "c") { $0.compileLimits.wall = .milliseconds(600) }
        #expect(result.verdict.status == .compileFailed, result.account)
        #expect(result.compile?.verdict.status == .timeExceeded)
        #expect(result.verdict.limit?.name == .wall)
    }

    @Test func `a warning is no failure, and is kept`() async throws {
        let result = try await Lab.run("int main(void) { int unused; return 0; }", "c")
        #expect(result.verdict.status == .succeeded, result.account)
        let warnings = String(decoding: try #require(result.compile).stderr, as: UTF8.self)
        #expect(warnings.contains("unused"))
    }

    @Test func `a bash error is told with its line`() async throws {
        let result = try await Lab.run("echo one\nno_such_command\n", "bash")
        #expect(result.verdict.status == .failed && result.verdict.exitCode == 127, result.account)
        #expect(result.error?.name == "CommandNotFound" && result.error?.line == 2)
    }

    @Test(arguments: ["cobol-2077", "", "python\n"])
    func `an unknown language is an error before anything runs`(_ language: String) async throws {
        await #expect { try await Lab.run("x") { $0.language = language } } throws: {
            ($0 as? RequestError)?.code == .unknownLanguage && ($0 as? RequestError)?.field == "language"
        }
    }

    @Test func `a language is told from the entry's name where none is given`() async throws {
        let result = try await Lab.run("echo $((6 * 7))", "bash") { $0.language = nil }
        #expect(result.out == "42\n" && result.language == "bash" && result.detected, result.account)
    }
}
