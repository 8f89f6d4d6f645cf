internal import API
internal import Domain
internal import Storage
internal import Telemetry
internal import Testing

/// Runs, files and events of one key are nobody else's, and outlive what is remembered.
@Suite(.timeLimit(.minutes(1)))
struct HistoryTests {
    private let records = MemoryRecords()
    private let application: Application
    private let one = Principal(key: KeyID("key_1"), scopes: [.run], allowance: KeyAllowance())
    private let other = Principal(key: KeyID("key_2"), scopes: [.run], allowance: KeyAllowance())
    private let admin = Principal(key: KeyID("key_3"), scopes: [.admin], allowance: KeyAllowance())

    init() {
        var configuration = ApplicationConfiguration()
        configuration.mostRunsRemembered = 1
        var kept = ServiceRecords()
        (kept.keys, kept.history, kept.audit) = (records, records, records)
        application = Application(
            runner: ScriptedRunner(), idempotency: MemoryIdempotencyStore(), languages: TestLanguages(),
            log: Log(program: "test", threshold: .error), records: kept, configuration: configuration)
    }

    private func send(
        _ method: String, _ path: String, _ body: String = "", _ query: [(String, String)] = [],
        as principal: Principal
    ) async -> (status: Int, text: String) {
        var request = HTTPRequest(
            method: method, path: path, query: query.map { .init(name: $0.0, value: $0.1) },
            headers: HTTPHeaders(["Content-Type": "application/json"]), body: Array(body.utf8))
        request.principal = principal
        let response = await application.respond(to: request)
        return (response.status, String(decoding: await response.allBytes(), as: UTF8.self))
    }

    private func run(_ code: String, _ more: String = "", as principal: Principal) async throws -> String {
        let body = #"{"language":"python","code":"\#(code)"\#(more)}"#
        let answer = await send("POST", "/v1/runs", body, as: principal)
        try #require(answer.status == 200)
        return try #require(
            answer.text.split(separator: "\"").map(String.init).first { $0.hasPrefix("run_") })
    }

    @Test func `a run is found again after it was forgotten, with its output`() async throws {
        let id = try await run("hello", as: one)
        _ = try await run("x", as: one)
        _ = try await run("x", as: one)
        let again = await send("GET", "/v1/runs/\(id)", as: one)
        #expect(again.status == 200)
        #expect(again.text.contains(#""stdout":"hello""#))
    }

    @Test(arguments: [
        "GET /v1/runs/@", "DELETE /v1/runs/@", "GET /v1/runs/@/events", "GET /v1/runs/@/files/a.txt",
    ])
    func `what is another key's is not there`(_ line: String) async throws {
        let id = try await run("files", as: one)
        let (method, path) = (
            String(line.prefix { $0 != " " }),
            String(line.drop { $0 != " " }.dropFirst()).replacing("@", with: id)
        )
        // Once from memory, and once from the history.
        for _ in 0..<2 {
            #expect(await send(method, path, as: other).status == 404)
            #expect(await send(method, path, "", [("record", "true")], as: other).status >= 400)
            let own = await send(method, path, as: one).status
            #expect(method == "DELETE" ? own == 409 : own == 200)
            #expect(await send(method, path, as: admin).status == own)
            _ = try await run("x", as: one)
            _ = try await run("x", as: one)
        }
    }

    @Test func `a list holds one's own`() async throws {
        let mine = try await run("a", as: one)
        let theirs = try await run("b", as: other)
        let list = await send("GET", "/v1/runs", as: one).text
        #expect(list.contains(mine) && !list.contains(theirs))
        #expect(await send("GET", "/v1/runs", "", [("key", "key_2")], as: one).status == 403)
        let all = await send("GET", "/v1/runs", as: admin).text
        #expect(all.contains(mine) && all.contains(theirs))
        let filtered = await send("GET", "/v1/runs", "", [("key", "key_2")], as: admin).text
        #expect(!filtered.contains(mine) && filtered.contains(theirs))
    }

    @Test func `pages follow each other without gap or repeat`() async throws {
        var ids: Set<String> = []
        for _ in 0..<7 { ids.insert(try await run("a", as: one)) }
        var seen: [String] = []
        var cursor: String?
        repeat {
            let query = [("limit", "3")] + (cursor.map { [("cursor", $0)] } ?? [])
            let text = await send("GET", "/v1/runs", "", query, as: one).text
            seen += text.matches(of: /"id":"(run_\w+)"/).map { String($0.1) }
            cursor = text.contains(#""next":null"#) ? nil : seen.last
        } while cursor != nil
        #expect(Set(seen) == ids && seen.count == 7)
    }

    @Test func `what is kept is what the request allows`() async throws {
        let all = try await run("secret", #","env":{"TOKEN":"hunter2"}"#, as: one)
        let meta = try await run("secret", #","store":"meta""#, as: one)
        let none = try await run("secret", #","store":"none""#, as: one)
        let kept = records.state.withLock { $0.runs }
        let id = try #require(RunID(parsing: all))
        let request = String(decoding: try #require(kept[id]?.request), as: UTF8.self)
        #expect(request.contains("TOKEN") && !request.contains("hunter2"))
        #expect(kept[try #require(RunID(parsing: meta))]?.result == nil)
        let list = await send("GET", "/v1/runs", as: one).text
        #expect(list.contains(meta) && !list.contains(none))
    }

    @Test func `a record that is removed is gone, and the audit log says so`() async throws {
        let id = try await run("a", as: one)
        #expect(await send("DELETE", "/v1/runs/\(id)", "", [("record", "true")], as: one).status == 200)
        #expect(await send("GET", "/v1/runs/\(id)", as: one).status == 404)
        let last = records.state.withLock { $0.events.last }
        #expect(last?.kind == .runDeleted && last?.subject == id)
    }

    /// Nobody hears of an end before the result is there; here the end is still to be told to one who reads nothing.
    @Test func `a result is there before its run's followers hear of the end`() async throws {
        var request = HTTPRequest(
            method: "POST", path: "/v1/runs", headers: HTTPHeaders(["Content-Type": "application/json"]),
            body: Array(#"{"language":"python","code":"much","stream":true}"#.utf8))
        request.principal = one
        let response = await application.respond(to: request)
        var id: RunID?
        while id == nil {
            await Task.yield()
            id = records.state.withLock { $0.runs.keys.first }
        }
        let path = "/v1/runs/\(try #require(id))"
        var found = ""
        for _ in 0..<1_000 where !found.contains("succeeded") {
            try await Task.sleep(for: .milliseconds(1))
            found = await send("GET", path, as: one).text
        }
        #expect(found.contains("succeeded"))
        #expect(String(decoding: await response.allBytes(), as: UTF8.self).contains("finished"))
    }

    @Test func `a store that fails fails no run`() async throws {
        records.state.withLock { $0.isBroken = true }
        _ = try await run("a", as: one)
        #expect(await send("GET", "/v1/runs", as: one).status == 503)
    }

    @Test func `usage and statistics tell of one's own, unless the key may see how much there is`()
        async throws
    {
        _ = try await run("a", as: one)
        _ = try await run("b", as: other)
        let usage = await send("GET", "/v1/usage", as: one).text
        #expect(usage.contains("key_1") && !usage.contains("key_2"))
        #expect(await send("GET", "/v1/usage", "", [("key", "key_2")], as: one).status == 403)
        #expect(await send("GET", "/v1/usage", as: admin).text.contains("key_2"))
        #expect(await send("GET", "/v1/stats", as: one).text.contains(#""runs":1"#))
        let counter = Principal(key: KeyID("key_4"), scopes: [.read, .metrics], allowance: KeyAllowance())
        #expect(await send("GET", "/v1/stats", as: counter).text.contains(#""runs":2"#))
    }

    @Test(arguments: [
        ("GET", "/v1/keys"), ("POST", "/v1/keys"), ("DELETE", "/v1/keys/key_1"), ("PATCH", "/v1/keys/key_1"),
        ("GET", "/v1/audit"), ("GET", "/v1/audit/verify"), ("DELETE", "/v1/environments"),
    ])
    func `only an admin's key may do what concerns others, and trying is kept`(
        _ method: String, _ path: String
    ) async {
        #expect(await send(method, path, "{}", as: one).status == 403)
        let last = records.state.withLock { $0.events.last }
        #expect(last?.kind == .accessDenied && last?.key == one.key)
    }

    @Test(arguments: ["/v1/runs", "/v1/audit", "/v1/usage", "/v1/stats"], ["since", "until"])
    func `times beyond what can be counted are taken as late as can be`(path: String, name: String) async {
        for time in ["2262-04-12", "5450-12-17T01:11:23Z", "9999-12-31T23:59:59.999Z"] {
            #expect(await send("GET", path, "", [(name, time)], as: admin).status == 200)
        }
    }

    @Test func `a run that nobody waits for is in the history before its id is told`() async throws {
        let body = #"{"language":"python","code":"hang"}"#
        let queued = await send("POST", "/v1/runs", body, [("wait", "false")], as: one)
        #expect(queued.status == 202)
        #expect(records.state.withLock { $0.runs.values.map(\.state) } == [.running])
    }

    @Test func `a store that fails breaks an export off`() async throws {
        _ = try await run("a", as: one)
        var request = HTTPRequest(
            method: "GET", path: "/v1/audit", query: [.init(name: "format", value: "csv")])
        request.principal = admin
        let response = await application.respond(to: request)
        records.state.withLock { $0.isBroken = true }
        guard case .stream(let stream) = response.body else {
            Issue.record("an export is a stream")
            return
        }
        await #expect(throws: BrokenBody.self) { try await stream.next() }
    }

    @Test func `a batch answers each in its place`() async {
        let body =
            #"{"runs":[{"language":"python","code":"a"},{"language":"klingon","code":"b"},{"language":"python","code":"c"}]}"#
        let answer = await send("POST", "/v1/runs/batch", body, as: one)
        #expect(answer.status == 200)
        #expect(answer.text.contains(#""stdout":"a""#) && answer.text.contains("unknown_language"))
        #expect(answer.text.hasSuffix("]}"))
        for wrong in [#"{"runs":[]}"#, "{}", "[]", #"{"runs":1}"#, #"{"runs":[],"x":1}"#] {
            #expect(await send("POST", "/v1/runs/batch", wrong, as: one).status == 400)
        }
        let streamed = #"{"runs":[{"language":"python","code":"a","stream":true}]}"#
        #expect(await send("POST", "/v1/runs/batch", streamed, as: one).text.contains("batch"))
    }
}

extension HTTPResponse {
    /// The whole body, however it is made.
    func allBytes() async -> [UInt8] {
        guard case .stream(let stream) = body else { return body.bytes }
        var bytes: [UInt8] = []
        while let piece = try? await stream.next() { bytes += piece }
        return bytes
    }
}
