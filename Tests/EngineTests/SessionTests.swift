internal import Domain
internal import Engine
internal import Languages
internal import Synchronization
internal import Testing

/// Sessions as their clients use them: cells and contexts.
@Suite(.serialized, .enabled(if: SessionLab.obstacle == nil, "\(SessionLab.obstacle ?? "")"))
struct SessionTests {
    @Test func `cells keep their state, and the last expression is the result`() async throws {
        try await SessionLab.with { session in
            let first = try await session.run("x = 20\nprint('hello')")
            #expect(first.verdict.status == .succeeded && first.out == "hello\n", first.account)
            #expect(first.executionCount == 1 && first.results.isEmpty)
            let second = try await session.run("x + 22")
            #expect(second.value == "42" && second.executionCount == 2, second.account)
        }
    }

    @Test func `an error has its name and traceback, and the context goes on`() async throws {
        try await SessionLab.with { session in
            let failed = try await session.run("kept = 1\n1/0")
            #expect(
                failed.verdict.status == .failed && failed.error?.name == "ZeroDivisionError", failed.account)
            #expect(failed.error?.traceback.isEmpty == false)
            #expect(try await session.value("kept") == "1")
        }
    }

    @Test func `commands, magics, await and rich displays work in a cell`() async throws {
        try await SessionLab.with { session in
            #expect(try await session.run("!echo from bash $((1+1))").out == "from bash 2\n")
            #expect(try await session.run("%env HOME").value == "'/home/user'")
            let waited = try await session.run("import asyncio\nawait asyncio.sleep(0.01)\n'slept'")
            #expect(waited.value == "'slept'", waited.account)
            let shown = try await session.run(
                "from IPython.display import HTML, Markdown\ndisplay(HTML('<b>x</b>'))\nMarkdown('*y*')")
            #expect(
                shown.form("text/html") == "<b>x</b>" && shown.form("text/markdown") == "*y*", shown.account)
            #expect(shown.results.count == 2)
        }
    }

    @Test func `figures come as pictures`() async throws {
        try await SessionLab.with { session in
            let drawn = try await session.run(
                "import matplotlib.pyplot as plt\nplt.plot([1, 2, 3])\nplt.show()")
            #expect(drawn.form("image/png")?.hasPrefix("iVBOR") == true, drawn.account)
        }
    }

    @Test func `input is asked for and answered`() async throws {
        try await SessionLab.with { session in
            var cell = CellRequest(code: "name = input('who? ')\nprint('hello', name)")
            cell.answersInput = true
            let asked = try await session.run(cell, id: "asks") { event in
                guard case .inputRequest(let request) = event else { return }
                #expect(request.prompt == "who? " && !request.isPassword)
                try? session.answer(cell: "asks", request: request.id, text: "Ada")
            }
            #expect(asked.out == "hello Ada\n", asked.account)
            let unanswered = try await session.run("input()")
            #expect(unanswered.error?.name == "EOFError", unanswered.account)
        }
    }

    @Test func `a cell that runs too long is interrupted and its context goes on`() async throws {
        try await SessionLab.with { session in
            try await session.run("kept = 7")
            let late = try await session.run("while True: pass") { $0.wall = .milliseconds(300) }
            #expect(late.verdict.status == .timeExceeded && late.verdict.limit?.name == .wall, late.account)
            #expect(try await session.value("kept") == "7")
        }
    }

    @Test func `a cell that ignores its interrupt costs its context and not the session`() async throws {
        try await SessionLab.with { session in
            try await session.run("kept = 7\nopen('kept.txt', 'w').write('file')")
            let stubborn = try await session.run(
                "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass"
            ) { $0.wall = .milliseconds(200) }
            #expect(stubborn.verdict.status == .timeExceeded, stubborn.account)
            #expect(try await session.run("kept").error?.name == "NameError")
            #expect(try await session.value("open('kept.txt').read()") == "'file'")
        }
    }

    @Test func `a context that dies is an error of its cell, and a new one takes its place`() async throws {
        try await SessionLab.with { session in
            let dead = try await session.run("import os\nos._exit(3)")
            #expect(
                dead.verdict.status == .failed && dead.verdict.exitCode == 3 && dead.failure != nil,
                dead.account)
            let killed = try await session.run("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
            #expect(killed.verdict.status == .killed && killed.verdict.signal == 9, killed.account)
            #expect(try await session.value("1 + 1") == "2")
        }
    }

    @Test func `output beyond its limit stops a cell`() async throws {
        try await SessionLab.with { session in
            let loud = try await session.run("while True: print('x' * 1000)") {
                $0.output = ByteCount(bytes: 100_000)
            }
            #expect(loud.verdict.status == .outputExceeded && loud.stdout.count == 100_000, loud.account)
            #expect(try await session.value("1 + 1") == "2")
        }
    }

    @Test func `memory beyond the session's limit costs a context`() async throws {
        guard try await Lab.hasControllers() else { return }
        try await SessionLab.with { session in
            let greedy = try await session.run(
                "x = bytearray(2 << 30)\nfor i in range(0, len(x), 4096): x[i] = 1")
            #expect(greedy.verdict.status == .memoryExceeded, greedy.account)
            #expect(try await session.value("1 + 1") == "2")
        }
    }

    @Test func `a live shell keeps its variables and folder`() async throws {
        try await SessionLab.with { session in
            let first = try await session.run("cd /tmp; here=there; echo \"$(pwd)\"") { $0.language = "bash" }
            #expect(first.out == "/tmp\n" && first.verdict.status == .succeeded, first.account)
            let second = try await session.run("echo \"$here\" ü \\\\; pwd; false") { $0.language = "bash" }
            #expect(second.out == "there ü \\\n/tmp\n" && second.verdict.status == .failed, second.account)
            #expect(second.verdict.exitCode == 1)
        }
    }

    @Test func `contexts are apart, and files are shared`() async throws {
        try await SessionLab.with { session in
            let other = try await session.addContext(language: "python", cwd: "/tmp")
            try await session.run("x = 1\nopen('/home/user/f', 'w').write('seen')")
            let apart = try await session.run("x") { $0.context = other.id }
            #expect(apart.error?.name == "NameError", apart.account)
            let shared = try await session.run("open('/home/user/f').read(), __import__('os').getcwd()") {
                $0.context = other.id
            }
            #expect(shared.value == "('seen', '/tmp')", shared.account)
            #expect(session.contexts().map(\.language) == ["python", "python"])
        }
    }

    @Test func `names are completed from the live context`() async throws {
        try await SessionLab.with { session in
            try await session.run("some_long_name = {'a': 1}")
            let found = try await session.complete("print(some_lo", cursor: nil, context: "ctx_0")
            #expect(found.matches.contains("some_long_name"), "\(found)")
        }
    }

    @Test func `a session that was ended says so`() async throws {
        let session = try await SessionLab.keeper().create(SessionRequest())
        try await session.run("1")
        await session.end()
        await #expect(throws: RequestError.self) { try await session.run("1") }
        #expect(session.info.state == .stopped && session.info.reason == "ended by its client")
    }

    @Test func `an idle session ends when its time is over`() async throws {
        var request = SessionRequest()
        request.idle = .milliseconds(300)
        let session = try await SessionLab.keeper().create(request)
        for _ in 0..<100 where session.info.state == .running { try await Task.sleep(for: .milliseconds(50)) }
        #expect(session.info.state == .stopped, "\(session.info)")
    }

    @Test func `a paused session does nothing until it is resumed`() async throws {
        try await SessionLab.with { session in
            try await session.run("x = 5")
            try await session.pause()
            await #expect(throws: RequestError.self) { try await session.run("x") }
            try await session.resume()
            #expect(try await session.value("x") == "5")
        }
    }
}

/// Contexts in other languages than Python.
@Suite(.serialized, .enabled(if: SessionLab.obstacle == nil, "\(SessionLab.obstacle ?? "")"))
struct ContextLanguageTests {
    private static let hasNode = (try? LanguageSmoke.has("javascript")) ?? false

    @Test(.enabled(if: Self.hasNode, "Node is not installed"))
    func `JavaScript keeps its declarations, waits, imports, and shows values`() async throws {
        try await SessionLab.with { session in
            func run(_ code: String) async throws -> CellResult {
                try await session.run(code) { $0.language = "javascript" }
            }
            let first = try await run("let x = 20; const f = (n) => n + 1; console.log('printed'); x")
            #expect(first.out == "printed\n" && first.value == "20", first.account)
            #expect(try await run("f(x) + await Promise.resolve(21)").value == "42")
            let imported = try await run(
                "import { basename, join as j } from 'node:path'\nimport fs from 'node:fs'\nj(basename('/a/b'), typeof fs.readFileSync)"
            )
            #expect(imported.value == "'b/function'", imported.account)
            let failed = try await run("null.x")
            #expect(failed.verdict.status == .failed && failed.error?.name == "TypeError", failed.account)
            #expect(try await run("require('fs').readdirSync('.').length").value == "0")
            #expect(try await run("x").value == "20")
        }
    }

    @Test(.enabled(if: Self.hasNode, "Node is not installed"))
    func `a loop in JavaScript is interrupted, and so is a promise that never comes`() async throws {
        try await SessionLab.with { session in
            try await session.run("var kept = 1") { $0.language = "js" }
            for code in ["while (true) {}", "await new Promise(() => {})"] {
                let late = try await session.run(code) {
                    $0.language = "javascript"
                    $0.wall = .milliseconds(400)
                }
                #expect(late.verdict.status == .timeExceeded && late.failure == nil, late.account)
            }
            #expect(try await session.run("kept") { $0.language = "javascript" }.value == "1")
        }
    }

    @Test(.enabled(if: Self.hasNode, "Node is not installed"))
    func `TypeScript is JavaScript without its types`() async throws {
        try await SessionLab.with { session in
            let typed = try await session.run(
                "enum Colour { Red = 4 }\nlet n: number = Colour.Red; n as number"
            ) { $0.language = "typescript" }
            #expect(typed.value == "4", typed.account)
        }
    }

    @Test func `SQL has a live database and shows tables`() async throws {
        try await SessionLab.with { session in
            func run(_ code: String) async throws -> CellResult {
                try await session.run(code) { $0.language = "sql" }
            }
            let made = try await run(
                "create table t (n int, s text); insert into t values (1, 'a;b'), (2, null);")
            #expect(made.verdict.status == .succeeded, made.account)
            let shown = try await run("select * from t; select count(*) as c from t")
            #expect(
                shown.results.count == 2 && shown.value == "n  s\n-  ----\n1  a;b\n2  NULL", shown.account)
            #expect(
                shown.form("application/json") == #"{"columns":["n","s"],"rows":[[1,"a;b"],[2,null]]}"#,
                shown.account)
            let wrong = try await run("select nope from t")
            #expect(wrong.error?.message == "no such column: nope", wrong.account)
            let late = try await session.run(
                "with recursive r(n) as (select 1 union all select n + 1 from r) select max(n) from r"
            ) {
                $0.language = "sql"
                $0.wall = .milliseconds(300)
            }
            #expect(late.verdict.status == .timeExceeded && late.failure == nil, late.account)
            #expect(try await run("select count(*) from t").value?.contains("2") == true)
        }
    }
}

/// Whether a language's programs are here.
enum LanguageSmoke {
    static func has(_ language: String) throws -> Bool {
        guard let pack = try LanguageCatalogue().pack(named: language) else { return false }
        return (try? pack.locatePrograms()) != nil
    }
}
