internal import Domain
internal import Testing

/// Reading `host:port`.
struct EndpointTests {
    @Test(arguments: [
        ("example.org:443", "example.org", 443), ("EXAMPLE.org:1", "example.org", 1),
        ("a-b.c1.example:65535", "a-b.c1.example", 65535), ("localhost:80", "localhost", 80),
        ("xn--bcher-kva.example:443", "xn--bcher-kva.example", 443),
        ("*.example.org:443", "*.example.org", 443),
        ("1.2.3.4:53", "1.2.3.4", 53), ("3com.example:80", "3com.example", 80), ("db:5432", "db", 5432),
    ])
    func `good ones are taken, in small letters`(_ row: (String, String, UInt16)) throws {
        let endpoint = try NetworkPolicy.Endpoint(parsing: row.0)
        #expect(endpoint.host == row.1 && endpoint.port == row.2)
        #expect(try NetworkPolicy.Endpoint(parsing: endpoint.description) == endpoint)
    }

    typealias Invalid = NetworkPolicy.Endpoint.Invalid

    static let long = String(repeating: "a", count: 64)
    static let bad: [(String, Invalid)] = [
        ("", .noPort), ("example.org", .noPort), ("example.org:", .badPort("")), (":443", .emptyHost),
        ("example.org:0", .badPort("0")), ("example.org:65536", .badPort("65536")),
        ("example.org:-1", .badPort("-1")), ("example.org:+80", .badPort("+80")),
        ("example.org:080", .badPort("080")), ("example.org: 80", .badPort(" 80")),
        ("example.org:80 ", .badPort("80 ")), ("example.org:１", .badPort("１")),
        ("bücher.example:443", .notASCII), ("example.org.:443", .badLabel("")),
        (".example.org:443", .badLabel("")),
        ("a..b:443", .badLabel("")), ("-a.example:443", .badLabel("-a")), ("a-.example:443", .badLabel("a-")),
        ("a_b.example:443", .badLabel("a_b")), ("a b:443", .badLabel("a b")), ("a/b:443", .badLabel("a/b")),
        ("user@example.org:443", .badLabel("user@example")), ("a\n.org:443", .badLabel("a\n")),
        ("a%00.org:443", .badLabel("a%00")), ("\(long).org:443", .badLabel(long)),
        ("\(String(repeating: "a.", count: 127))org:443", .hostTooLong(bytes: 257)),
        ("*:443", .badWildcard), ("*.org:443", .badWildcard), ("a.*.org:443", .badWildcard),
        ("*a.example.org:443", .badWildcard), ("*.*.example.org:443", .badWildcard),
        ("127.1:80", .badNumber), ("2130706433:80", .badNumber), ("0x7f000001:80", .badNumber),
        ("1.2.3.256:80", .badNumber), ("1.2.3.04:80", .badNumber), ("a.0x1:80", .badNumber),
        ("*.2.3.4:80", .badNumber), ("[::1]:80", .ipv6), ("::1:80", .ipv6), ("fe80::1:80", .ipv6),
    ]

    @Test(arguments: bad)
    func `bad ones are refused by what is wrong`(_ row: (String, Invalid)) {
        #expect(throws: row.1) { try NetworkPolicy.Endpoint(parsing: row.0) }
    }

    @Test func `a wildcard stands for the names below it, not for its own`() throws {
        let all = try NetworkPolicy.Endpoint(parsing: "*.example.org:443")
        for name in ["a.example.org", "a.b.example.org"] { #expect(all.covers(name)) }
        for name in ["example.org", ".example.org", "aexample.org", "example.org.evil.net", "", "*"] {
            #expect(!all.covers(name))
        }
        let one = try NetworkPolicy.Endpoint(parsing: "example.org:443")
        #expect(one.covers("example.org") && !one.covers("a.example.org"))
    }
}
