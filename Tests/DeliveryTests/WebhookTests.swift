@testable internal import Delivery
internal import Domain
internal import Egress
internal import JSON
internal import Synchronization
internal import Telemetry
internal import Testing

struct WebhookTests {
    @Test(arguments: [
        ("https://example.org", "https://example.org/"),
        ("HTTPS://Example.ORG/a?b=c%20d", "https://example.org/a?b=c%20d"),
        ("https://example.org:443/a", "https://example.org/a"),
        ("https://example.org:8443?x", "https://example.org:8443/?x"),
        ("http://192.0.2.1:9000/hook", "http://192.0.2.1:9000/hook"),
    ])
    func `a URL has one spelling`(_ text: String, _ spelled: String) throws {
        let url = try WebURL(parsing: text)
        #expect(url.description == spelled)
        #expect(try WebURL(parsing: spelled) == url)
    }

    @Test(arguments: [
        "", "example.org", "ftp://example.org", "https://", "https:///a", "https://user@example.org/",
        "https://user:pass@example.org", "https://example.org@10.0.0.1/", "https://example.org\\@10.0.0.1/",
        "https://example.org/#a", "https://exa mple.org", "https://example.org/\u{7}", "https://[::1]/",
        "https://127.1/", "https://2130706433/", "https://0x7f000001/", "https://017700000001/",
        "https://*.example.org/",
        "https://example.org:0/", "https://example.org:99999/", "https://example.org:80:80/",
        "https://exämple.org/",
        "https://-a.example/", "https://a..b/", "https://example.org:/", "file:///etc/passwd",
        "https://example.org/" + String(repeating: "a", count: 2_048),
    ])
    func `what two programs might read differently is no URL`(_ text: String) {
        #expect(throws: WebURL.Invalid.self) { _ = try WebURL(parsing: text) }
    }

    /// The example that Standard Webhooks' own libraries are tested with.
    @Test func `deliveries are signed as others check them`() throws {
        let secret = try #require(Base64.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
        let headers = WebhookSignature.headers(
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek", seconds: 1_614_265_330,
            body: Array(#"{"test": 2432232314}"#.utf8),
            secret: secret, sign: { _ in [1, 2, 3] })
        let signature = headers.first { $0.name == "webhook-signature" }?.value
        #expect(signature == "v1a,AQID v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    }

    @Test func `pauses grow, and end`() {
        let pauses = (1..<RetrySchedule.mostAttempts).map { RetrySchedule.pause(after: $0, random: 0) }
        #expect(pauses.allSatisfy { $0 != nil })
        #expect(zip(pauses, pauses.dropFirst()).allSatisfy { ($0 ?? .zero) < ($1 ?? .zero) })
        #expect(RetrySchedule.pause(after: RetrySchedule.mostAttempts) == nil)
        #expect(RetrySchedule.pause(after: 1, random: 1) == .seconds(6))
    }

    private struct Names: NameResolver {
        var known: [String: [String]]
        func addresses(of name: String) -> [IPAddress] { (known[name] ?? []).compactMap { IPAddress($0) } }
    }

    @Test(arguments: [
        ("public.example", Result<String, ServerAddresses.Refusal>.success("1.1.1.1")),
        ("inner.example", .failure(.notPublic)), ("both.example", .success("8.8.8.8")),
        ("metadata.example", .failure(.notPublic)), ("wrapped.example", .failure(.notPublic)),
        ("none.example", .failure(.unknownName)), ("excepted.example", .success("10.0.0.7")),
    ])
    func `only public addresses are connected to, or those that the operator named`(
        _ host: String, _ expected: Result<String, ServerAddresses.Refusal>
    ) throws {
        let names = Names(known: [
            "public.example": ["1.1.1.1"], "inner.example": ["10.0.0.1", "127.0.0.1"],
            "both.example": ["192.168.1.1", "8.8.8.8"], "metadata.example": ["169.254.169.254"],
            "wrapped.example": ["::ffff:127.0.0.1"], "excepted.example": ["10.0.0.7"],
        ])
        let addresses = ServerAddresses(
            privateEndpoints: [try NetworkPolicy.Endpoint(parsing: "excepted.example:8443")], resolver: names)
        let endpoint = try NetworkPolicy.Endpoint(
            host: host, port: host == "excepted.example" ? 8_443 : 443)
        let found = Result { () throws(ServerAddresses.Refusal) in "\(try addresses.reachable(endpoint))" }
        #expect(found == expected)
        #expect(throws: ServerAddresses.Refusal.self) {
            _ = try addresses.reachable(try NetworkPolicy.Endpoint(parsing: "10.0.0.7:8443"))
        }
    }

    @Test func `nothing in a value becomes a line of its own`() {
        var request = OutboundRequest(url: "https://example.org/\naddress 10.0.0.1", body: [])
        request.headers = [("X", "a\r\nurl https://other.example/")]
        let lines = String(decoding: request.order.dropFirst(8), as: UTF8.self).split(separator: "\n")
        #expect(lines.map { $0.prefix { $0 != " " } } == ["url", "timeout", "header"])
    }
}
