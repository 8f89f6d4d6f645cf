internal import API
internal import Domain
internal import Glibc
internal import Service
internal import Synchronization
internal import Testing

@Suite(.timeLimit(.minutes(1)))
struct StreamTests {
    private static let streamed = #"{"language":"python","code":"CODE","stream":true}"#

    private func post(_ code: String) -> String {
        HTTPClient.postText(Self.streamed.replacing("CODE", with: code))
    }

    @Test(arguments: [true, false])
    func `events come while the run goes on`(_ isUnix: Bool) async throws {
        let runner = TestRunner()
        try await withService(
            runner: runner, configure: { $0.endpoints = [.init(host: "127.0.0.1", port: 0)] }
        ) {
            path, server in
            let endpoint = try #require(server.endpoints.first)
            let client = isUnix ? try HTTPClient(path: path) : try HTTPClient(endpoint: endpoint)
            try await client.send(post("tick"))
            let first = try await client.receiveText(until: "\"text\":\"tick 0\"")
            #expect(first.contains("Transfer-Encoding: chunked"))
            #expect(first.contains("text/event-stream"))
            #expect(runner.finished.load(ordering: .relaxed) == 0)
            runner.goOn.store(true, ordering: .relaxed)
            let rest = try await client.receiveText(until: "\r\n0\r\n\r\n")
            #expect(rest.contains("tick 1") && rest.contains("event: finished"))
            #expect(try await client.get("/healthz").status == 200)
        }
    }

    @Test func `a client that goes ends the run that it streams`() async throws {
        let runner = TestRunner()
        try await withService(runner: runner) { path, _ in
            var client: HTTPClient? = try HTTPClient(path: path)
            try await client?.send(post("tick"))
            _ = try await client?.receiveText(until: "tick 0")
            client = nil
            #expect(await eventually { runner.cancelled.load(ordering: .relaxed) == 1 })
        }
    }

    @Test func `a client that does not read slows the run, and both go on when it does`() async throws {
        let runner = TestRunner()
        try await withService(runner: runner) { path, _ in
            let client = try HTTPClient(path: path)
            try await client.send(post("flood"))
            #expect(await eventually { runner.pieces.load(ordering: .relaxed) > 0 })
            try await Task.sleep(for: .milliseconds(300))
            let sent = runner.pieces.load(ordering: .relaxed)
            #expect(sent < TestRunner.floodPieces)
            let text = try await client.receiveText(until: "event: finished")
            #expect(text.utf8.count > TestRunner.floodPieces * TestRunner.floodPiece)
        }
    }

    @Test func `a client that follows hears that its connection is alive`() async throws {
        try await withService(configure: { $0.beat = .milliseconds(50) }) { path, _ in
            let client = try HTTPClient(path: path)
            try await client.send(post("hang"))
            _ = try await client.receiveText(until: ":\n\n")
        }
    }

    @Test func `a stop ends streams`() async throws {
        let runner = TestRunner()
        try await withService(runner: runner) { path, server in
            let client = try HTTPClient(path: path)
            try await client.send(post("tick"))
            _ = try await client.receiveText(until: "tick 0")
            server.stop()
            let rest = try await client.receiveText(until: "\r\n0\r\n\r\n")
            #expect(rest.contains("cancelled"))
        }
    }

    @Test func `an answer to HEAD or to HTTP 1.0 has no chunks`() async throws {
        let runner = TestRunner()
        runner.goOn.store(true, ordering: .relaxed)
        try await withService(runner: runner) { path, _ in
            let client = try HTTPClient(path: path)
            try await client.send(post("tick").replacing("HTTP/1.1", with: "HTTP/1.0"))
            let text = try await client.receiveText(until: "event: finished")
            #expect(!text.contains("chunked"))
        }
    }
}

@Suite(.timeLimit(.minutes(1)))
struct TCPTests {
    @Test func `plain requests are answered over TCP`() async throws {
        try await withService(configure: { $0.endpoints = [.init(host: "127.0.0.1", port: 0)] }) {
            _, server in
            let endpoint = try #require(server.endpoints.first)
            #expect(endpoint.port != 0)
            let client = try HTTPClient(endpoint: endpoint)
            for _ in 0..<3 {
                #expect(try await client.post(#"{"language":"python","code":"x"}"#).status == 200)
            }
        }
    }

    @Test(arguments: [
        ("Host: evil.example\r\n", 403), ("Host: 127.0.0.1:1\r\n", 200), ("Host: localhost\r\n", 200),
        ("Host: [::1]:80\r\n", 200), ("Host: localhost.evil.example\r\n", 403),
        ("Host: 127.0.0.1\r\nOrigin: http://evil.example\r\n", 403),
        ("Host: 127.0.0.1\r\nOrigin: null\r\n", 403),
        ("Host: 127.0.0.1:8\r\nOrigin: http://127.0.0.1:8\r\n", 200),
        ("Host: 127.0.0.1:8\r\nOrigin: http://127.0.0.1:9\r\n", 403),
        ("Host: 127.0.0.1\r\nSec-Fetch-Site: cross-site\r\n", 403),
        ("Host: 127.0.0.1\r\nSec-Fetch-Site: same-site\r\n", 403),
        ("Host: 127.0.0.1\r\nSec-Fetch-Site: none\r\n", 200),
    ])
    func `a web page cannot use a service without keys`(_ headers: String, _ status: Int) async throws {
        try await withService(configure: { $0.endpoints = [.init(host: "127.0.0.1", port: 0)] }) {
            path, server in
            let client = try HTTPClient(endpoint: try #require(server.endpoints.first))
            let text = "GET /v1/languages HTTP/1.1\r\n\(headers)\r\n"
            #expect(try await client.exchange(text).status == status)
            // The unix socket is no browser's.
            #expect(try await HTTPClient(path: path).exchange(text).status == 200)
        }
    }

    @Test func `others are not let in without a key`() async throws {
        let server = ServiceServer(
            socketPath: "/tmp/unused-\(getpid())", application: testApplication(), log: quiet,
            configuration: {
                var configuration = ServiceConfiguration()
                configuration.endpoints = [.init(host: "0.0.0.0", port: 0)]
                return configuration
            }())
        await #expect(throws: ServiceError.needsKey("0.0.0.0:0")) { try await server.run() }
    }

    @Test func `an address that is taken is said`() async throws {
        try await withService(configure: { $0.endpoints = [.init(host: "127.0.0.1", port: 0)] }) { _, first in
            let endpoint = try #require(first.endpoints.first)
            var configuration = ServiceConfiguration()
            configuration.endpoints = [endpoint]
            let second = ServiceServer(
                socketPath: "/tmp/second-\(getpid())", application: testApplication(), log: quiet,
                configuration: configuration)
            await #expect(throws: ServiceError.addressTaken("\(endpoint)")) { try await second.run() }
            unlink("/tmp/second-\(getpid()).lock")
        }
    }

    @Test func `a certificate that is none is said`() async throws {
        var configuration = ServiceConfiguration()
        configuration.endpoints = [.init(host: "127.0.0.1", port: 0)]
        configuration.identity = TLSIdentity(certificate: "none", key: "none")
        let path = "/tmp/tls-\(getpid())"
        let server = ServiceServer(
            socketPath: path, application: testApplication(), log: quiet, configuration: configuration)
        await #expect(throws: ServiceError.self) { try await server.run() }
        unlink(path + ".lock")
    }

    @Test(arguments: [
        ("127.0.0.1:80", "127.0.0.1:80"), ("[::1]:0", "[::1]:0"), ("localhost:3428", "localhost:3428"),
        ("0.0.0.0:65535", "0.0.0.0:65535"),
    ])
    func `an endpoint is read as it is written`(_ text: String, _ written: String) {
        #expect(TCPEndpoint(parsing: text)?.description == written)
    }

    @Test(arguments: ["", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "::1:80", "a b:1", "x:-1"])
    func `what is no endpoint is refused`(_ text: String) {
        #expect(TCPEndpoint(parsing: text) == nil)
    }
}
