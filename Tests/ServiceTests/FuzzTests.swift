internal import Glibc
internal import Service
internal import Testing

/// Requests that no client would send: each is answered or cut off, and the next client is served.
@Suite(.timeLimit(.minutes(2)))
struct FuzzTests {
    /// The same numbers each time, so that what fails fails again (SplitMix64).
    private struct Numbers: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var number = state
            number = (number ^ (number >> 30)) &* 0xbf58_476d_1ce4_e5b9
            number = (number ^ (number >> 27)) &* 0x94d0_49bb_1331_11eb
            return number ^ (number >> 31)
        }
    }

    private static let methods = [
        "GET", "POST", "DELETE", "PATCH", "HEAD", "OPTIONS", "PUT", "BREW", "", "G\u{0}T",
    ]
    private static let segments = [
        "v1", "runs", "run_00000000000000000000000000", "..", ".", "%2e%2e", "%00", "%", "%zz", "events",
        "files", "webhook",
        "keys", "audit", "verify", "environments", "batch", "a".padding(5_000), "\u{fffd}", "run_", "key_1",
        "openapi.json",
    ]
    private static let names = [
        "Host", "Content-Length", "Transfer-Encoding", "Content-Type", "Content-Encoding", "Authorization",
        "X-API-Key",
        "Idempotency-Key", "Last-Event-ID", "Accept", "Origin", "Expect", "traceparent", "X-Request-Id",
        "Connection", "\u{1}", "",
    ]
    private static let values = [
        "localhost", "0", "5", "-1", "18446744073709551616", "chunked", "identity", "application/json",
        "gzip", "Bearer dtm_1",
        "100-continue", "close", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "", " ", "\u{7f}",
        "x".padding(9_000),
        "a, b, c", "\"", "text/event-stream",
    ]

    private static func request(_ numbers: inout Numbers) -> String {
        func one(_ list: [String]) -> String { list[Int.random(in: 0..<list.count, using: &numbers)] }
        var path = ""
        for _ in 0...Int.random(in: 0...4, using: &numbers) { path += "/" + one(segments) }
        if Bool.random(using: &numbers) { path += "?" + one(names) + "=" + one(values) }
        var text = "\(one(methods)) \(path) HTTP/1.\(Int.random(in: 0...1, using: &numbers))\r\n"
        for _ in 0..<Int.random(in: 0...6, using: &numbers) { text += "\(one(names)): \(one(values))\r\n" }
        text += "\r\n" + (Bool.random(using: &numbers) ? #"{"language":"python","code":"x"}"# : "")
        // Now and then a part of it is missing, or turned into something else.
        guard Int.random(in: 0..<4, using: &numbers) == 0 else { return text }
        var bytes = Array(text.utf8.prefix(Int.random(in: 1...text.utf8.count, using: &numbers)))
        for _ in 0..<3 {
            bytes[Int.random(in: 0..<bytes.count, using: &numbers)] = UInt8.random(
                in: 0...127, using: &numbers)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `nothing that is sent ends the service, or is its fault`(_ seed: UInt64) async throws {
        try await withService(configure: {
            $0.headTimeout = .milliseconds(300)
            $0.bodyTimeout = .milliseconds(300)
        }) { path, _ in
            var numbers = Numbers(state: seed)
            for _ in 0..<120 {
                let text = Self.request(&numbers)
                let client = try HTTPClient(path: path)
                // What is cut off before it is answered has no status.
                let status = try? await client.exchange(text).status
                #expect(
                    status.map { $0 < 500 || $0 == 505 || $0 == 501 } ?? true,
                    "\(status ?? 0) to \(text.prefix(300))")
            }
            #expect(try await HTTPClient(path: path).post(#"{"language":"python","code":"x"}"#).status == 200)
        }
    }
}

extension String {
    fileprivate func padding(_ count: Int) -> String { String(repeating: self, count: count) }
}
