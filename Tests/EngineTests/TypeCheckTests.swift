internal import Domain
internal import Engine
internal import Languages
internal import Testing

extension Trait where Self == ConditionTrait {
    static var needsTypeChecker: Self {
        .enabled("no TypeScript compiler is installed (apt-get install node-typescript)") {
            try LanguageCatalogue().pack(named: "typescript")?.check?.locatePrograms() != nil
        }
    }
}

/// `"check_types": true`: a real compiler, in a sandbox, before the program runs.
@Suite(.needsSandboxes, .needsNode, .timeLimit(.minutes(2)))
struct TypeCheckTests {
    private func check(
        _ code: String, configure: (inout RunRequest) throws -> Void = { _ in }
    ) async throws -> RunResult {
        try await Lab.run(code, "typescript") {
            $0.checkTypes = true
            try configure(&$0)
        }
    }

    @Test(.needsTypeChecker) func `what is wrong is told with code, place and message, and nothing runs`()
        async throws
    {
        let code = """
            const n: number = "one";
            console.log(n);
            function f(a: string) { return a.lenght; }
            """
        let result = try await check(code)
        #expect(result.verdict.status == .compileFailed, result.account)
        #expect(result.out.isEmpty)
        let errors = try #require(result.compile?.errors)
        #expect(errors.map(\.name) == ["TS2322", "TS2551"])
        #expect(errors.map(\.file) == ["main.ts", "main.ts"])
        #expect(errors.map(\.line) == [1, 3] && errors.map(\.column) == [7, 34])
        #expect(errors[0].message == "Type 'string' is not assignable to type 'number'.")
        #expect(result.error == errors[0])
    }

    @Test(.needsTypeChecker) func `the same program runs where nobody asks`() async throws {
        let result = try await Lab.run("const n: number = 'one';\nconsole.log(n);", "typescript")
        #expect(result.out == "one\n", result.account)
        #expect(result.compile == nil)
    }

    /// Programs that run, and in which a checker that knew less of Node would find faults.
    static let sound = [
        "const name = 'x'; console.log(name, process.argv.length, Buffer.from('a').length)",
        "import * as fs from 'node:fs'; import { join } from 'path'; console.log(fs.existsSync(join('/', 'tmp')))",
        "const os = require('os'); console.log(typeof os.cpus)",
        "const x = await Promise.resolve(1); console.log(x, import.meta.url)",
        "let t: NodeJS.Timeout = setTimeout(() => console.log(1), 1);",
        "enum E { a = 1 }\nclass C { constructor(private x: E) {} get() { return this.x } }\nconsole.log(new C(E.a).get())",
        "async function* g() { yield 1n } ; for await (const v of g()) console.log(v, [1].at(-1), structuredClone({}))",
        "import { one } from './lib.ts'; console.log(one)", "import { one } from './lib'; console.log(one)",
    ]

    @Test(.needsTypeChecker, arguments: sound)
    func `a sound program is let through, and runs as ever`(_ code: String) async throws {
        let result = try await check(code) {
            $0.files.append(
                SourceFile(
                    path: try WorkspacePath(parsing: "lib.ts"), content: Array("export const one = 1".utf8)))
            $0.entry = "main.ts"
        }
        #expect(result.verdict.status == .succeeded, result.account)
        #expect(result.compile?.verdict.status == .succeeded)
        #expect(try await Lab.warmStart("typescript") == result.receipt?.start)
    }

    @Test(.needsTypeChecker) func `a tsconfig of the workspace rules`() async throws {
        func status(_ strict: Bool) async throws -> RunStatus {
            try await check("function f(a) { return a }\nconsole.log(f(1));") {
                let config =
                    #"{"compilerOptions": {"strict": \#(strict), "target": "es2022"}, "files": ["main.ts"]}"#
                $0.files.append(
                    SourceFile(path: try WorkspacePath(parsing: "tsconfig.json"), content: Array(config.utf8))
                )
                $0.entry = "main.ts"
            }.verdict.status
        }
        #expect(try await status(true) == .compileFailed)
        #expect(try await status(false) == .succeeded)
    }

    @Test(.needsTypeChecker) func `a check that takes too long is ended like any compiler`() async throws {
        let result = try await check("console.log(1)") { $0.compileLimits.wall = .milliseconds(100) }
        #expect(
            result.verdict.status == .compileFailed && result.verdict.limit?.name == .wall, result.account)
    }

    @Test func `a language that nothing checks says so`() async throws {
        await #expect {
            try await Lab.run("print(1)") { $0.checkTypes = true }
        } throws: { error in
            let error = error as? RequestError
            return error?.code == .unsupported && error?.field == "check_types"
        }
    }
}
