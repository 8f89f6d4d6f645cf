internal import Domain
internal import Engine
internal import JSON
internal import Testing

/// Rich results: of SQL always, of Python where asked.
@Suite(.needsSandboxes, .timeLimit(.minutes(3)))
struct ResultsTests {
    private static func form(_ result: RichResult?, _ type: String) -> JSONValue? {
        result?.forms.first { $0.type == type }.flatMap { try? JSONParser.parse($0.json) }
    }

    private static func text(_ result: RichResult?) -> String? {
        if case .string(let text)? = form(result, "text/plain") { text } else { nil }
    }

    private static func sql(
        _ code: String, files: [(String, String)] = []
    ) async throws -> RunResult {
        var request = RunRequest(
            language: "sql",
            files: [SourceFile(path: try WorkspacePath(parsing: "main.sql"), content: Array(code.utf8))])
        for (path, content) in files {
            request.files.append(
                SourceFile(path: try WorkspacePath(parsing: path), content: Array(content.utf8)))
        }
        request.entry = "main.sql"
        request.collect = ["**"]
        return try await Lab.engine().run(request)
    }

    @Test func `a query is a table, with types, and text as a terminal's`() async throws {
        let result = try await Self.sql(
            "CREATE TABLE t (id INTEGER, name TEXT); INSERT INTO t VALUES (1, 'é'), (2, NULL);\n"
                + "SELECT *, id / 2.0 AS half, x'00ff' AS b FROM t; SELECT 9007199254740993 AS n;")
        #expect(result.verdict.status == .succeeded, result.account)
        #expect(result.results.count == 2)
        let table =
            #"{"columns":[{"name":"id","type":"INTEGER"},{"name":"name","type":"TEXT"},"#
            + #"{"name":"half","type":"REAL"},{"name":"b","type":"BLOB"}],"#
            + #""rows":[[1,"é",0.5,{"base64":"AP8="}],[2,null,1.0,{"base64":"AP8="}]],"truncated":false}"#
        let form = result.results[0].forms.first { $0.type == "application/vnd.diatom.table+json" }
        #expect(form.map { String(decoding: $0.json, as: UTF8.self) } == table)
        #expect(Self.text(result.results[1]) == "n\n----------------\n9007199254740993\n")
        #expect(result.results.compactMap(Self.text).joined(separator: "\n") == result.out)
        #expect(result.files.map(\.path.description) == ["main.sql"], "our own files come back")
    }

    @Test func `files given with the run are tables`() async throws {
        let result = try await Self.sql(
            "SELECT c.a, j.x, l.k, t.q FROM c, j, l, d_t AS t, t AS first WHERE c.a = 1;",
            files: [
                ("c.csv", "\u{feff}a,b\r\n1,\"x \"\"y\"\"\n\"\r\n02,\r\n"), ("j.json", #"{"x": [1, 2]}"#),
                ("l.jsonl", "{\"k\": true}\n\n"), ("t.tsv", "p\tq\n1\t2\n"), ("d/t.tsv", "p\tq\n3\t4\n"),
            ])
        #expect(result.verdict.status == .succeeded, result.account)
    }

    @Test(arguments: [
        ("SELECT 1;\n  SELECT nope", "no such column: nope", 2, 10),
        ("SELECT 'a;b'; -- c;\nSELEC", "near \"SELEC\": syntax error", 2, 1),
        ("SELECT * FROM missing", "no such table: missing", 1, 15),
        ("SELECT 'open", "unrecognized token: \"'open\"", 1, 8),
    ])
    func `an error says its statement and place`(
        _ code: String, _ message: String, _ line: Int, _ column: Int
    )
        async throws
    {
        let result = try await Self.sql(code)
        #expect(result.verdict == Verdict(status: .failed, exitCode: 1), result.account)
        #expect(result.error?.message == message && result.error?.name == "OperationalError")
        #expect(result.error?.line == line && result.error?.column == column)
        guard
            case .object(let object)? = Self.form(
                result.results.last, "application/vnd.diatom.sql-error+json")
        else {
            Issue.record("no result says which statement failed")
            return
        }
        #expect(object["statement"] != nil && object["sql"] != nil)
    }

    @Test func `rows without end are cut, and the result says so`() async throws {
        let result = try await Self.sql(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n;")
        #expect(result.verdict.status == .succeeded, result.account)
        guard case .object(let table)? = Self.form(result.results.first, "application/vnd.diatom.table+json"),
            case .array(let rows)? = table["rows"]
        else {
            Issue.record("no table")
            return
        }
        #expect(rows.count == 10_000 && table["truncated"] == .bool(true))
    }

    @Test(arguments: Lab.starts)
    func `a rich run shows the last expression's value and is otherwise as ever`(_ start: RunRequest.Start)
        async throws
    {
        let code = """
            '''doc'''
            from __future__ import annotations
            import os, sys
            print(__doc__, __file__, open(__file__).read()[:9], type(__loader__).__name__, os.listdir('.'), sys.argv[1:])
            display('shown')
            [1, 2]
            """
        let result = try await Lab.run(code, start: start) {
            $0.rich = true
            $0.args = [Array("a".utf8)]
        }
        #expect(
            result.out == "doc /home/user/main.py '''doc''' SourceFileLoader ['main.py'] ['a']\n",
            result.account)
        #expect(result.results.map(Self.text) == ["'shown'", "[1, 2]"])
        let plain = try await Lab.run("5", start: start)
        #expect(plain.results.isEmpty && plain.out.isEmpty)
    }

    @Test(arguments: [
        ("def f():\n    return 1 / 0\nf()", "ZeroDivisionError", 2), ("print(1", "SyntaxError", 1),
        ("import os\nos.nope", "AttributeError", 2),
    ])
    func `errors of a rich run are those of any run`(_ code: String, _ name: String, _ line: Int) async throws
    {
        let plain = try await Lab.run(code)
        let rich = try await Lab.run(code) { $0.rich = true }
        #expect(rich.err == plain.err && rich.error == plain.error && rich.verdict == plain.verdict)
        #expect(rich.error?.name == name && rich.error?.line == line, rich.account)
        #expect(rich.results.isEmpty)
    }

    @Test func `no value is shown of None, of a statement, or before a semicolon`() async throws {
        for code in ["None", "x = 1", "5;", "print('a')", "", "# only"] {
            let result = try await Lab.run(code) { $0.rich = true }
            #expect(result.verdict.status == .succeeded && result.results.isEmpty, result.account)
        }
    }

    @Test(arguments: [
        "open('.diatom-results', 'w').write('[' * 100000)",
        "open('.diatom-results', 'w').write('{\"text/plain\": ' * 100)",
        "open('.diatom-results', 'wb').write(bytes(range(256)) * 100)",
        "import os; os.mkfifo('.diatom-results')", "import os; os.symlink('/etc/passwd', '.diatom-results')",
        "import os; os.mkdir('.diatom-results')",
        "f = open('.diatom-results', 'w'); f.truncate(1 << 40)",
    ])
    func `results that a program makes up badly are none`(_ code: String) async throws {
        let result = try await Lab.run(code + "\nNone") { $0.rich = true }
        #expect(result.verdict.status == .succeeded && result.results.isEmpty, result.account)
    }

    @Test func `results are bounded in number and size`() async throws {
        let result = try await Lab.run("for n in range(500): display(n)\n'x' * 10**7") { $0.rich = true }
        #expect(result.results.count == 100, result.account)
        let long = try await Lab.run("'x' * 10**7") { $0.rich = true }
        #expect((Self.text(long.results.first) ?? "").utf8.count < 70_000)
    }
}
