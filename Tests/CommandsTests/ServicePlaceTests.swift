@testable import Commands
import Testing

struct ServicePlaceTests {
    @Test(arguments: [
        ("http://127.0.0.1:3428", "127.0.0.1:3428", ""), ("https://diatom.example/", "diatom.example", ""),
        ("https://example.org:8443/code/v2//", "example.org:8443", "/code/v2"),
        ("http://[::1]:80", "[::1]:80", ""),
    ])
    func `a URL says the host and what stands before the API's paths`(
        text: String, host: String, prefix: String
    ) throws {
        let url = try #require(ServiceURL(parsing: text))
        #expect(url.host == host)
        let head = String(
            decoding: ServicePlace.remote(url, key: "dtm_1").head("GET", "/v1/runs", bodyLength: nil),
            as: UTF8.self)
        #expect(head.hasPrefix("GET \(prefix)/v1/runs HTTP/1.1\r\nHost: \(host)\r\n"))
        #expect(head.contains("\r\nAuthorization: Bearer dtm_1\r\n"))
    }

    @Test(arguments: [
        "", "diatom.example", "ftp://diatom.example", "http://", "https:///path", "http://user@host",
        "http://host?q",
        "http://host#f", "http://ho st", "http://host\r\nX: y", "http://h\u{f6}st", "http://host\\path",
    ])
    func `what is no such URL is none`(text: String) { #expect(ServiceURL(parsing: text) == nil) }

    @Test(arguments: [
        "http://127.0.0.1", "http://127.8.9.10:1", "http://localhost:3428", "http://LOCALHOST",
        "http://[::1]:3428",
    ])
    func `what stays on this machine is known`(text: String) throws {
        #expect(try #require(ServiceURL(parsing: text)).isLoopback)
    }

    /// A key is sent to these by https only.
    @Test(arguments: [
        "http://localhost.example", "http://127.example.org", "http://127.0.0.1.example", "http://128.0.0.1",
        "http://[::2]", "http://0.0.0.0", "http://[::1].example",
    ])
    func `what only looks like it is another machine`(text: String) throws {
        #expect(try #require(ServiceURL(parsing: text)).isLoopback == false)
    }
}
