internal import Domain
internal import Service
internal import Testing

/// Bodies that come compressed are what they would be uncompressed, and as bounded.
@Suite(.timeLimit(.minutes(1)))
struct CompressedBodyTests {
    /// This: `{"language":"python","code":"hello"}`.
    private static let gzip =
        "1f8b0800000000000203ab56ca49cc4b2f4d4c4f55b2522aa82cc9c8cf53d2514ace4f01f133527372f2956a01e53f845c24000000"
    private static let zlib =
        "789cab56ca49cc4b2f4d4c4f55b2522aa82cc9c8cf53d2514ace4f01f133527372f2956a01e6b90c3e"
    /// A hundred thousand times the same letter.
    private static let bomb =
        "1f8b0800000000000203edc13101000000c2a0da8b6f0d0fa000000000000000000000000000000000000000000000000000000000000"
        + "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
        + "00805703711107fea0860100"

    private func request(_ hexadecimal: String, _ encoding: String, drop: Int = 0) throws -> [UInt8] {
        let body = try #require(Hexadecimal.decode(hexadecimal)).dropLast(drop)
        let head =
            "POST /v1/runs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + "Content-Encoding: \(encoding)\r\nContent-Length: \(body.count)\r\n\r\n"
        return Array(head.utf8) + body
    }

    @Test(arguments: [("gzip", gzip), ("X-Gzip", gzip), ("deflate", zlib)])
    func `a compressed request is a request`(_ encoding: String, _ body: String) async throws {
        try await withService { path, _ in
            let response = try await HTTPClient(path: path).exchange(request(body, encoding))
            #expect(response.status == 200 && response.body.contains("succeeded"), "\(response)")
        }
    }

    @Test(arguments: [
        ("gzip", gzip + "00", 0, 400), ("gzip", gzip, 9, 400), ("gzip", "00112233", 0, 400),
        ("br", gzip, 0, 415), ("gzip, gzip", gzip, 0, 415),
    ])
    func `what is not whole, or of another kind, is refused, and the connection goes on`(
        _ encoding: String, _ body: String, _ drop: Int, _ status: Int
    ) async throws {
        try await withService { path, _ in
            let client = try HTTPClient(path: path)
            #expect(try await client.exchange(request(body, encoding, drop: drop)).status == status)
            #expect(try await client.get("/healthz").status == 200)
        }
    }

    @Test func `a request without a body has none to undo`() async throws {
        try await withService { path, _ in
            let response = try await HTTPClient(path: path).exchange(
                "GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: gzip\r\n\r\n")
            #expect(response.status == 200)
        }
    }

    @Test func `what would become too large is refused when it is`() async throws {
        try await withService(configure: { $0.largestBody = ByteCount(bytes: 50_000) }) { path, _ in
            let response = try await HTTPClient(path: path).exchange(request(Self.bomb, "gzip"))
            #expect(response.status == 413)
        }
    }
}
