internal import API
internal import Domain

extension DecoderRefusalTests {
    private static func path(_ text: String, _ says: String) -> Refusal {
        Refusal(
            files: #"[{"path":"a.py","content":""},{"path":"\#(text)","content":"x"}]"#, .invalidValue,
            "files[1].path", says)
    }

    static let files: [Refusal] = [
        path("", "is empty"),
        path("../x", "'..'"),
        path("..", "'..'"),
        path(".", "'.'"),
        path("a/../../b", "'..'"),
        path("./a", "'.'"),
        path("/etc/passwd", "absolute"),
        path("/", "absolute"),
        path("a//b", "empty name"),
        path("a/", "empty name"),
        path("a\\u0000b", "control character"),
        path("a\\nb", "control character"),
        path(String(repeating: "n", count: 256), "255"),
        path(Array(repeating: String(repeating: "n", count: 200), count: 6).joined(separator: "/"), "1024"),
        path(String(repeating: "d/", count: 3_000) + "f", "6001 bytes"),
        path(String(repeating: "d/", count: 40) + "f", "41 levels"),
        path("a.py", "twice"),
        path("a.py/b", "is a file itself"),
        Refusal(
            files: #"[{"path":"a/b","content":""},{"path":"a","content":""}]"#, .invalidValue,
            "files[1].path",
            "folder of another"),
        Refusal(files: "[]", .invalidValue, "files", "empty"),
        Refusal(files: "null", .invalidValue, "files"),
        Refusal(files: #""x""#, .invalidValue, "files", "a list"),
        Refusal(files: "{}", .invalidValue, "files", "a list"),
        Refusal(files: "[null]", .invalidValue, "files[0]", "an object"),
        Refusal(files: #"[{"content":"x"}]"#, .invalidValue, "files[0].path", "missing"),
        Refusal(files: #"[{"path":"a"}]"#, .invalidValue, "files[0].content", "missing"),
        Refusal(files: #"[{"path":5,"content":"x"}]"#, .invalidValue, "files[0].path"),
        Refusal(files: #"[{"path":"a","content":5}]"#, .invalidValue, "files[0].content"),
        Refusal(files: #"[{"name":"a","content":"x"}]"#, .unknownField, "files[0].name", "path"),
        Refusal(
            files: #"[{"path":"a","content":"x","encoding":"latin1"}]"#, .invalidValue, "files[0].encoding",
            "'utf8'"),
        Refusal(
            files: #"[{"path":"a","content":"%%","encoding":"base64"}]"#, .invalidValue, "files[0].content",
            "base64"),
        Refusal(
            files: #"[{"path":"a","content":{"base64":""},"encoding":"utf8"}]"#, .invalidValue,
            "files[0].encoding"),
        Refusal(
            files: "[" + (0..<100_000).map { #"{"path":"f\#($0)","content":""}"# }.joined(separator: ",")
                + "]",
            .invalidValue, "files", "100000 entries; at most 10000"),
        Refusal(
            files: #"[{"path":"a.py","content":""},{"path":"b.py","content":""}]"#, .invalidValue, "entry",
            "missing"),
        Refusal(
            "an entry that is no file",
            #"{"language":"python","files":[{"path":"a.py","content":""}],"entry":"b.py"}"#,
            .invalidValue, "entry", "'b.py'"),
        Refusal(
            "an absolute entry", #"{"language":"python","code":"","entry":"/a.py"}"#, .invalidValue, "entry",
            "absolute"),
        Refusal("a null entry", #"{"language":"python","code":"","entry":null}"#, .invalidValue, "entry"),
        Refusal(
            "code and files", #"{"language":"python","code":"","files":[{"path":"a.py","content":""}]}"#,
            .invalidValue,
            "files", "together"),
        Refusal(
            "files without language or extension", #"{"files":[{"path":"a","content":""}]}"#,
            .unknownLanguage, "language"),
    ]

    static let limits: [Refusal] =
        LimitName.allCases.flatMap { limit -> [Refusal] in
            let field = "limits.\(limit.rawValue)"
            func row(_ value: String, _ code: RequestError.Code, _ says: String = "") -> Refusal {
                Refusal(field: "limits", #"{"\#(limit.rawValue)":\#(value)}"#, code, field, says)
            }
            return [
                row("-1", .invalidValue, "-1"), row("2.5", .invalidValue),
                row("true", .invalidValue, "a whole number"),
                row("false", .invalidValue), row(#""10""#, .invalidValue, "'10'"), row(#""""#, .invalidValue),
                row("null", .invalidValue), row("{}", .invalidValue), row("[1]", .invalidValue),
                row("NaN", .invalidValue, "NaN"), row("Infinity", .invalidValue, "Infinity"),
                row("-Infinity", .invalidValue), row("1e400", .limitTooHigh), row("-1e400", .invalidValue),
                row("1000000000000000", .limitTooHigh, "above this server's maximum"),
                row("9223372036854775808", .limitTooHigh, "9223372036854775808"),
                row("18446744073709551616", .limitTooHigh),
                row(String(repeating: "9", count: 400), .limitTooHigh, "…"),
                row(String(repeating: "9", count: 401), .invalidValue, "401"),
            ]
        } + [
            Refusal(field: "limits", #"{"memory_mb":0}"#, .invalidValue, "limits.memory_mb", "16"),
            Refusal(field: "limits", #"{"wall_ms":0}"#, .invalidValue, "limits.wall_ms", "1"),
            Refusal(field: "limits", #"{"wall_ms":-0.0}"#, .invalidValue, "limits.wall_ms"),
            Refusal(field: "limits", #"{"wall_ms":1e-3}"#, .invalidValue, "limits.wall_ms"),
            Refusal(
                field: "limits", #"{"memory_mb":99999}"#, .limitTooHigh, "limits.memory_mb",
                "limits.memory_mb: 99999 is above this server's maximum of 4096"),
            Refusal(field: "limits", #"{"memory_mb":4097}"#, .limitTooHigh, "limits.memory_mb"),
            Refusal(field: "limits", "null", .invalidValue, "limits"),
            Refusal(field: "limits", "[1,2]", .invalidValue, "limits", "an object"),
            Refusal(field: "compile_limits", #"{"wall_ms":0}"#, .invalidValue, "compile_limits.wall_ms"),
        ]

    static let choices: [Refusal] = [
        Refusal(field: "start", #""hot""#, .invalidValue, "start", "'warm', 'fresh'"),
        Refusal(field: "start", "null", .invalidValue, "start"),
        Refusal(field: "check", #""maybe""#, .invalidValue, "check"),
        Refusal(field: "check", "false", .invalidValue, "check"),
        Refusal(field: "store", #""some""#, .invalidValue, "store", "'all', 'meta', 'none'"),
        Refusal(field: "profile", "1", .invalidValue, "profile", "true or false"),
        Refusal(field: "profile", #""true""#, .invalidValue, "profile"),
        Refusal(field: "seed", "-1", .invalidValue, "seed", "4294967295"),
        Refusal(field: "seed", "4294967296", .invalidValue, "seed"),
        Refusal(field: "seed", "0.5", .invalidValue, "seed"),
        Refusal(field: "seed", #""1""#, .invalidValue, "seed"),
        Refusal(field: "priority", "10", .limitTooHigh, "priority", "9"),
        Refusal(field: "priority", "-1", .invalidValue, "priority"),
        Refusal(field: "priority", "null", .invalidValue, "priority"),
        Refusal(field: "deadline_ms", "0", .invalidValue, "deadline_ms"),
        Refusal(field: "deadline_ms", #""soon""#, .invalidValue, "deadline_ms"),
    ]

    static let features: [Refusal] = [
        Refusal(field: "check", #""report""#, .unsupported, "check", "'report'"),
        Refusal(field: "check", #""enforce""#, .unsupported, "check"),
        Refusal(field: "check_types", "1", .invalidValue, "check_types"),
        Refusal(field: "tests", #"[{"stdin":1}]"#, .invalidValue, "tests[0].stdin"),
        Refusal(field: "tests", #"[{},{"expect":"x"}]"#, .unknownField, "tests[1].expect"),
        Refusal(field: "tests", #"[{"args":["a\u0000"]}]"#, .invalidValue, "tests[0].args[0]"),
        Refusal(field: "libraries", #"["numpy", "-r x"]"#, .invalidValue, "libraries[1]", "is an option"),
        Refusal(
            field: "libraries", #"["https://x.example/x.whl"]"#, .invalidValue, "libraries[0]", "is a URL"),
        Refusal(field: "libraries", #"[7]"#, .invalidValue, "libraries[0]"),
        Refusal(field: "webhook", #"{"url":"https://example.org"}"#, .unsupported, "webhook"),
        Refusal(field: "cache", #""yes""#, .invalidValue, "cache"),
        Refusal(field: "stream", "null", .invalidValue, "stream"),
        Refusal(field: "tests", "{}", .invalidValue, "tests"),
        Refusal(field: "libraries", #""numpy""#, .invalidValue, "libraries"),
        Refusal(field: "webhook", #""https://example.org""#, .invalidValue, "webhook"),
        Refusal(field: "webhook", "null", .invalidValue, "webhook"),
        Refusal(field: "network", #""all""#, .invalidValue, "network"),
        Refusal(field: "network", "null", .invalidValue, "network"),
        Refusal(field: "network", "{}", .invalidValue, "network"),
        Refusal(field: "network", #"{"allow":[5]}"#, .invalidValue, "network.allow[0]"),
        Refusal(field: "network", #"{"deny":[]}"#, .unknownField, "network.deny"),
        Refusal(field: "network", #"{"allow":"example.org:443"}"#, .invalidValue, "network.allow", "a list"),
        Refusal(
            field: "network", #"{"allow":["a.org:1","example.org"]}"#, .invalidValue, "network.allow[1]",
            "has no port; write host:port"),
        Refusal(
            field: "network", #"{"allow":["a b:1"]}"#, .invalidValue, "network.allow[0]",
            "has the label 'a b'"),
        Refusal(field: "network", #"{"allow":["*:443"]}"#, .invalidValue, "network.allow[0]", "'*'"),
        Refusal(field: "network", #"{"allow":["127.1:80"]}"#, .invalidValue, "network.allow[0]", "number"),
        Refusal(field: "network", #"{"allow":["[::1]:80"]}"#, .invalidValue, "network.allow[0]", "IPv6"),
        Refusal(field: "network", #"{"allow":["a.org:99999"]}"#, .invalidValue, "network.allow[0]", "65535"),
        Refusal(
            field: "network",
            #"{"allow":[\#(Array(repeating: #""a.org:1""#, count: 65).joined(separator: ","))]}"#,
            .invalidValue, "network.allow", "at most 64"),
    ]
}
