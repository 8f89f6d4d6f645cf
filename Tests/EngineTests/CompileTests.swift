internal import Domain
internal import Engine
internal import Glibc
internal import Posix
internal import Testing

@Suite(.needsSandboxes, .timeLimit(.minutes(3)))
struct CompileTests: ~Copyable {
    private static let square = """
        #include <stdio.h>
        int main(int c, char **v)
        {
            int n;
            if (scanf("%d", &n) != 1) return 3;
            printf("%d %s\\n", n * n, c > 1 ? v[1] : "-");
            return 0;
        }
        """

    private let folder: String
    private let engine: RunEngine

    init() throws {
        var template = Array("/tmp/compile.XXXXXX".utf8CString)
        let folder = String(cString: try #require(mkdtemp(&template)))
        let made = try Lab.makeEngine { $0.compiledFolder = folder + "/compiled" }
        self.folder = folder
        engine = made
    }

    deinit {
        for name in SmallFile.names(in: folder + "/compiled") { unlink("\(folder)/compiled/\(name)") }
        rmdir(folder + "/compiled")
        rmdir(folder)
    }

    private func run(
        _ code: String = square, stdin: String = "3", configure: (inout RunRequest) -> Void = { _ in }
    ) async throws -> RunResult {
        var request = try Lab.request(code, "c")
        request.stdin = .bytes(Array(stdin.utf8))
        configure(&request)
        return try await engine.run(request)
    }

    @Test func `the same program is compiled once, another or with other limits again`() async throws {
        let first = try await run()
        #expect(first.out == "9 -\n" && first.compile?.cached == false, first.account)
        let second = try await run(stdin: "4") { $0.args = [Array("x".utf8)] }
        #expect(second.out == "16 x\n" && second.compile?.cached == true, second.account)
        #expect(second.compile?.verdict == Verdict(status: .succeeded, exitCode: 0))
        #expect(try await run(Self.square + "\n").compile?.cached == false)
        #expect(try await run { $0.compileLimits.memory = .mebibytes(900) }.compile?.cached == false)
        #expect(try await run { $0.key = KeyID("other") }.compile?.cached == false)
        let variable = EnvironmentVariable(name: "CPATH", value: "/nowhere")
        #expect(try await run { $0.env = [variable] }.compile?.cached == false)
        #expect(try await run().compile?.cached == true)
    }

    @Test func `warnings come with the cached program`() async throws {
        let code = "int main(void) { int unused; return 0; }"
        let first = try await run(code)
        let second = try await run(code)
        #expect(first.compile?.stderr.isEmpty == false && second.compile?.stderr == first.compile?.stderr)
        #expect(second.compile?.cached == true)
    }

    @Test func `a damaged entry is a recompile`() async throws {
        _ = try await run()
        let names = SmallFile.names(in: folder + "/compiled")
        #expect(names.count == 1)
        for name in names {
            let file = Descriptor(adopting: open("\(folder)/compiled/\(name)", O_RDWR))
            #expect(pwrite(file.rawValue, "damage", 6, 3_000) == 6)
        }
        let again = try await run()
        #expect(again.out == "9 -\n" && again.compile?.cached == false, again.account)
        #expect(try await run().compile?.cached == true)
    }

    @Test func `a failed compile is compiled again, and lists all its errors`() async throws {
        let code = "int main(void)\n{\n    int a = b;\n    return c;\n}\nint f(void) { return d; }\n"
        for _ in 0..<2 {
            let result = try await run(code)
            #expect(
                result.verdict.status == .compileFailed && result.compile?.cached == false, result.account)
            let errors = result.compile?.errors ?? []
            #expect(errors.map(\.line) == [3, 4, 6] && errors.map(\.column) == [13, 12, 22])
            #expect(errors.allSatisfy { $0.file == "main.c" && $0.name == "CompileError" })
            #expect(result.error == errors.first)
        }
        #expect(SmallFile.names(in: folder + "/compiled").isEmpty)
    }

    @Test func `many at once compile once`() async throws {
        let engine = engine
        let request = try Lab.request(Self.square, "c")
        let results = await withTaskGroup(of: RunResult?.self) { group in
            for number in 0..<6 {
                var one = request
                one.stdin = .bytes(Array("\(number)".utf8))
                group.addTask { [one] in try? await engine.run(one) }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results.count { $0?.compile?.cached == false } == 1)
        #expect(Set(results.map { $0?.out }) == Set((0..<6).map { "\($0 * $0) -\n" }))
    }

    @Test func `tests are compiled once and run each in its order`() async throws {
        let result = try await run(stdin: "7") {
            $0.args = [Array("given".utf8)]
            $0.tests = (0..<20).map { TestCase(stdin: Array("\($0)".utf8)) }
            $0.tests += [
                TestCase(), TestCase(stdin: Array("x".utf8)),
                TestCase(stdin: [0x32], args: [Array("own".utf8)]),
            ]
        }
        #expect(result.runs.count == 23)
        #expect(result.runs.prefix(20).map(\.out) == (0..<20).map { "\($0 * $0) given\n" })
        #expect(result.runs[20].out == "49 given\n" && result.runs[22].out == "4 own\n")
        #expect(result.runs[21].verdict == Verdict(status: .failed, exitCode: 3))
        #expect(result.verdict == Verdict(status: .failed, exitCode: 3), "the first that failed decides")
        #expect(result.stdout.isEmpty && result.compile?.verdict.status == .succeeded)
        #expect(result.usage.output.bytes == result.runs.reduce(0) { $0 + $1.stdout.count })
    }

    @Test func `tests of what does not compile do not run`() async throws {
        let result = try await run("int main(void) { return x; }") { $0.tests = [TestCase(), TestCase()] }
        #expect(result.verdict.status == .compileFailed && result.runs.isEmpty, result.account)
    }

    @Test func `cancelling ends all tests`() async throws {
        let engine = engine
        var request = try Lab.request("import time; time.sleep(100)")
        request.limits.wall = .seconds(120)
        request.tests = (0..<8).map { _ in TestCase() }
        let task = Task { [request] in try await engine.run(request) }
        try await Task.sleep(for: .milliseconds(600))
        task.cancel()
        let begun = ContinuousClock.now
        let result = try await task.value
        #expect(ContinuousClock.now - begun < .seconds(60), "less than one program alone")
        #expect(result.verdict.status == .cancelled, result.account)
        #expect(result.runs.count == 8 && result.runs.allSatisfy { $0.verdict.status == .cancelled })
    }

    @Test func `what all tests print together is bounded and said to be cut`() async throws {
        let small = try Lab.makeEngine { $0.mostTestOutput = ByteCount(bytes: 1_000) }
        var request = try Lab.request("print('x' * 599)")
        request.tests = (0..<3).map { _ in TestCase() }
        let result = try await small.run(request)
        #expect(result.runs.reduce(0) { $0 + $1.stdout.count } == 1_000)
        #expect(result.runs.count { $0.stdoutCut } == 2)
        #expect(result.verdict.status == .succeeded)
    }
}
