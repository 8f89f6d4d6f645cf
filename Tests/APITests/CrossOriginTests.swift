internal import API
internal import Domain
internal import Storage
internal import Telemetry
internal import Testing

/// Pages of named origins may read answers; of others, never.
@Suite(.timeLimit(.minutes(1)))
struct CrossOriginTests {
    private static func application(_ origins: Set<String>) -> Application {
        var configuration = ApplicationConfiguration()
        configuration.origins = origins
        return Application(
            runner: ScriptedRunner(), idempotency: MemoryIdempotencyStore(), languages: TestLanguages(),
            log: Log(program: "test", threshold: .error), configuration: configuration)
    }

    private static func request(_ method: String, from origin: String) -> HTTPRequest {
        HTTPRequest(
            method: method, path: "/v1/version",
            headers: HTTPHeaders([
                "Host": "localhost", "Origin": origin, "Access-Control-Request-Method": "POST",
            ]))
    }

    @Test(arguments: [
        ("https://app.example.org", true), ("https://evil.example.org", false),
        ("http://app.example.org", false), ("https://app.example.org.evil.org", false), ("null", false),
    ])
    func `a browser is told whose pages may ask`(_ origin: String, _ may: Bool) async {
        let application = Self.application(["https://app.example.org"])
        let asked = await application.respond(to: Self.request("OPTIONS", from: origin))
        #expect((asked.status == 204) == may)
        #expect(asked.headers["access-control-allow-origin"] == (may ? origin : nil))
        #expect((asked.headers["access-control-allow-headers"]?.contains("Authorization") == true) == may)
        let answer = await application.respond(to: Self.request("GET", from: origin))
        #expect(answer.headers["access-control-allow-origin"] == (may ? origin : nil))
        #expect(answer.headers["vary"] == "Origin")
        #expect(answer.headers["access-control-allow-credentials"] == nil)
    }

    @Test func `without the operator's word nothing is said`() async {
        let answer = await Self.application([]).respond(to: Self.request("OPTIONS", from: "https://a.org"))
        #expect(answer.status == 405 && answer.headers["access-control-allow-origin"] == nil)
    }

    /// A page that may read is still a page: it has to bring a key.
    @Test func `a service that asks for no key stays closed to pages`() async {
        var request = Self.request("GET", from: "https://app.example.org")
        request.transport = .tcp(peer: "127.0.0.1", isSecure: false)
        #expect(await Self.application(["*"]).respond(to: request).status == 403)
    }

    @Test(arguments: [
        ("https://a.org", true), ("http://localhost:3000", true), ("http://[::1]:8080", true), ("*", true),
        ("https://", false), ("a.org", false), ("https://a.org/", false), ("https://A.org", false),
        ("https://a.org/path", false), ("ftp://a.org", false),
    ])
    func `an origin has a scheme, a host and nothing else`(_ text: String, _ isOrigin: Bool) {
        #expect(CrossOrigin.isOrigin(text) == isOrigin)
    }
}
