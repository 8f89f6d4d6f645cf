internal import API
internal import Domain
internal import Storage
internal import Telemetry
internal import Testing

@Suite(.timeLimit(.minutes(1)))
struct ApplicationTests {
    private let runner = ScriptedRunner()
    private let store = MemoryIdempotencyStore()
    private let application: Application

    init() {
        var configuration = ApplicationConfiguration()
        configuration.mostRunsUnderWay = 4
        configuration.mostRunsRemembered = 3
        application = Application(
            runner: runner, idempotency: store, languages: TestLanguages(),
            log: Log(program: "test", threshold: .error), configuration: configuration)
    }

    private func get(_ path: String, _ method: String = "GET") async -> HTTPResponse {
        await application.respond(to: HTTPRequest(method: method, path: path))
    }

    private func post(_ code: String, key: String? = nil, wait: String? = nil) async -> HTTPResponse {
        await application.respond(to: Self.request(code, key: key, wait: wait))
    }

    private static func request(_ code: String, key: String? = nil, wait: String? = nil) -> HTTPRequest {
        var headers = HTTPHeaders(["Content-Type": "application/json"])
        if let key { headers.append("Idempotency-Key", key) }
        let body = #"{"language":"python","code":"\#(code)"}"#
        return HTTPRequest(
            method: "POST", path: "/v1/runs", query: wait.map { [.init(name: "wait", value: $0)] } ?? [],
            headers: headers, body: Array(body.utf8))
    }

    private func text(_ response: HTTPResponse) -> String {
        String(decoding: response.body.bytes, as: UTF8.self)
    }

    private func id(_ response: HTTPResponse) throws -> String {
        try #require(text(response).split(separator: "\"").map(String.init).first { $0.hasPrefix("run_") })
    }

    @Test(arguments: [
        ("GET", "/", 404), ("GET", "/v1/run", 404), ("GET", "/v1/runs/x", 404),
        ("GET", "/%2e%2e/etc/passwd", 404),
        ("GET", "/v1/runs%00", 404), ("GET", "/v1/runs/run_00000000000000000000000000", 404),
        ("DELETE", "/v1/runs/run_00000000000000000000000000", 404), ("PUT", "/v1/runs", 405),
        ("GET", "/v1/runs", 422),
        ("OPTIONS", "/v1/runs", 405), ("get", "/healthz", 405), ("DELETE", "/v1/languages", 405),
        ("GET", "/healthz", 200), ("HEAD", "/healthz", 200), ("GET", "/readyz", 200),
        ("GET", "/v1/version", 200),
        ("GET", "/v1/languages", 200),
    ])
    func `every path and method has its status`(_ method: String, _ path: String, _ status: Int) async {
        let response = await get(path, method)
        #expect(response.status == status)
        #expect((response.headers["allow"] != nil) == (status == 405))
        #expect(response.headers["x-request-id"]?.isEmpty == false)
    }

    @Test(
        arguments: [
            ("text/plain", nil, 415), ("", nil, 415), (";;;=\",", nil, 415),
            ("multipart/form-data", nil, 415),
            ("application/json; charset=latin1", nil, 415), ("application/json", "gzip", 415),
            ("Application/JSON; charset=UTF-8", nil, 200), ("application/json", "identity", 200),
        ] as [(String, String?, Int)])
    func `a body must be plain JSON`(_ type: String, _ encoding: String?, _ status: Int) async {
        var request = Self.request("x")
        request.headers = HTTPHeaders(["Content-Type": type])
        if let encoding { request.headers.append("Content-Encoding", encoding) }
        #expect(await application.respond(to: request).status == status)
    }

    @Test func `a request id is kept if it is harmless`() async {
        for (given, kept) in [("abc-1.2_Z", true), ("a b", false), ("a\r\nX: y", false), ("", false)] {
            var request = HTTPRequest(method: "GET", path: "/healthz")
            request.headers.append("X-Request-Id", given)
            let answered = await application.respond(to: request).headers["x-request-id"]
            #expect((answered == given) == kept)
        }
    }

    @Test func `an error names its code and field`() async {
        let response = await post(#"x","limits":{"memory_mb":99999},"entry":"a.py"#)
        #expect(response.status == 400)
        let message = "limits.memory_mb: 99999 is above this server's maximum of 4096"
        #expect(
            text(response)
                == #"{"error":{"code":"limit_too_high","message":"\#(message)","field":"limits.memory_mb"}}"#)
    }

    @Test func `a run is answered, and found again until newer ones displace it`() async throws {
        let response = await post("hello")
        let id = try id(response)
        #expect(await get("/v1/runs/\(id)").body.bytes == response.body.bytes)
        #expect(await get("/v1/runs/\(id)", "DELETE").status == 409)
        for _ in 0..<3 { _ = await post("x") }
        #expect(await get("/v1/runs/\(id)").status == 404)
    }

    @Test func `a queued run is under way, can be cancelled, and then has its result`() async throws {
        let queued = await post("hang", wait: "false")
        #expect(queued.status == 202)
        let id = try id(queued)
        #expect(text(queued) == #"{"id":"\#(id)","status":"queued"}"#)
        #expect(text(await get("/v1/runs/\(id)")) == #"{"id":"\#(id)","status":"running"}"#)
        #expect(await get("/v1/runs/\(id)", "DELETE").status == 202)
        while text(await get("/v1/runs/\(id)")).contains("running") { await Task.yield() }
        #expect(text(await get("/v1/runs/\(id)")).contains(#""status":"cancelled""#))
    }

    @Test func `a client that goes away ends its run`() async {
        let task = Task { await post("hang") }
        while runner.runs.load(ordering: .relaxed) == 0 { await Task.yield() }
        task.cancel()
        #expect(text(await task.value).contains("cancelled"))
    }

    @Test func `more runs than there is room for are refused for now`() async {
        for _ in 0..<4 { #expect(await post("hang", wait: "false").status == 202) }
        let refused = await post("x")
        #expect(refused.status == 429)
        #expect(refused.headers["retry-after"] == "1")
        await application.shutDown(grace: .zero)
        let draining = await post("x")
        #expect(draining.status == 503)
        #expect(text(draining).contains("draining"))
        #expect(await get("/readyz").status == 503)
        #expect(await get("/healthz").status == 200)
    }

    @Test func `what does not work as it should is named, and work is taken`() async {
        let degraded = Application(
            runner: runner, idempotency: store, languages: TestLanguages(),
            log: Log(program: "test", threshold: .error), troubles: { [("disk", "nothing is left")] })
        let answer = await degraded.respond(to: HTTPRequest(method: "GET", path: "/readyz"))
        #expect(answer.status == 200)
        #expect(text(answer).contains(#""status":"degraded","degraded":{"disk":"nothing is left"}"#))
        #expect(await degraded.respond(to: Self.request("x")).status == 200)
    }

    @Test(arguments: ["maybe", "", "1", "TRUE"])
    func `a parameter is as strict as a field`(_ wait: String) async {
        #expect(await post("x", wait: wait).status == 400)
    }

    @Test func `a repeat with the same key runs once and is answered the same`() async {
        let first = await post("wait", key: "k")
        let again = await post("wait", key: "k")
        #expect(first.status == 200 && first.body.bytes == again.body.bytes)
        #expect(first.headers["idempotent-replay"] == nil && again.headers["idempotent-replay"] == "true")
        #expect(runner.runs.load(ordering: .relaxed) == 1)
        let other = await post("other", key: "k")
        #expect(other.status == 409)
        #expect(text(other).contains(#""code":"conflict""#))
    }

    @Test func `repeats at the same time run once, another body is a conflict`() async {
        let responses = await withTaskGroup(of: HTTPResponse.self) { group in
            for _ in 0..<8 { group.addTask { await post("wait", key: "k") } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(responses.map(\.body.bytes)).count == 1)
        #expect(responses.count { $0.headers["idempotent-replay"] == nil } == 1)
        #expect(runner.runs.load(ordering: .relaxed) == 1)
    }

    @Test func `a repeat of a queued run names the same run`() async throws {
        let first = await post("wait", key: "k", wait: "false")
        let again = await post("wait", key: "k", wait: "false")
        #expect(first.status == 202 && first.body.bytes == again.body.bytes)
        #expect(await post("wait", key: "k").status == 409)
    }

    @Test func `a client that goes away does not end a run with a key`() async {
        let task = Task { await post("wait", key: "k") }
        while runner.runs.load(ordering: .relaxed) == 0 { await Task.yield() }
        task.cancel()
        let again = await post("wait", key: "k")
        #expect(text(again).contains("succeeded"))
        #expect(runner.runs.load(ordering: .relaxed) == 1)
    }

    @Test func `a key whose request was cut off is never run again`() async throws {
        let body = Self.request("x").body
        #expect(try await store.begin(key: "local k", fingerprint: sha256(body)) == .new)
        let response = await post("x", key: "k")
        #expect(response.status == 409)
        #expect(text(response).contains(#""code":"interrupted""#))
        #expect(runner.runs.load(ordering: .relaxed) == 0)
    }

    @Test func `a refused request gives its key back`() async {
        let refused = await post("refuse", key: "k")
        #expect(refused.status == 429 && refused.headers["retry-after"] == "7")
        #expect(await post("x", key: "k").status == 200)
    }

    @Test(arguments: ["", "é", String(repeating: "k", count: 256), "a\tb"])
    func `a key that is no key is refused`(_ key: String) async {
        let response = await post("x", key: key)
        #expect(response.status == 400)
        #expect(text(response).contains("Idempotency-Key"))
    }

    private func sha256(_ bytes: [UInt8]) -> String {
        // printf '{"language":"python","code":"x"}' | sha256sum
        bytes == Array(#"{"language":"python","code":"x"}"#.utf8)
            ? "06a86e8c53ea4e2c9a875e13f8e441a862a86918596c6d44b8315d615562ff56" : ""
    }
}
