internal import API
internal import Domain
internal import Testing

/// A body that is refused, with what must be said of it.
struct Refusal: CustomTestStringConvertible {
    var name: String
    var body: [UInt8]
    var code: RequestError.Code
    var field: String?
    /// Part of the message.
    var says: String

    init(_ name: String, _ body: String, _ code: RequestError.Code, _ field: String?, _ says: String = "") {
        self.init(name, Array(body.utf8), code, field, says)
    }

    init(_ name: String, _ body: [UInt8], _ code: RequestError.Code, _ field: String?, _ says: String = "") {
        self.name = name
        self.body = body
        self.code = code
        self.field = field
        self.says = says
    }

    /// A valid request with one more field.
    init(
        field name: String, _ value: String, _ code: RequestError.Code, _ field: String?, _ says: String = ""
    ) {
        let shown = value.count > 40 ? "\(value.prefix(40))…" : value
        self.init(
            "\(name): \(shown)", #"{"language":"python","code":"print(1)","\#(name)":\#(value)}"#, code,
            field, says)
    }

    /// A request whose files are these.
    init(files: String, _ code: RequestError.Code, _ field: String?, _ says: String = "") {
        let shown = files.count > 60 ? "\(files.prefix(60))…" : files
        self.init("files: \(shown)", #"{"language":"python","files":\#(files)}"#, code, field, says)
    }

    var testDescription: String { name }
}

private let run = #"{"language":"python","code":"print(1)"}"#

struct DecoderRefusalTests {
    @Test(arguments: documents + shapes + languages + texts + processes + files + limits + choices + features)
    func `a bad request is refused by name`(_ row: Refusal) {
        let decoder = RunRequestDecoder(maxima: LimitMaxima(), languages: TestLanguages())
        let error = #expect(throws: RequestError.self) { _ = try decoder.decode(row.body) }
        #expect(error?.code == row.code)
        #expect(error?.field == row.field)
        #expect(error?.message.contains(row.says) == true, "\(error?.message ?? "")")
        #expect((error?.message.utf8.count ?? 0) < 600)
    }

    static let documents: [Refusal] = [
        Refusal("nothing", "", .malformed, nil, "line 1, column 1"),
        Refusal("space", " \n ", .malformed, nil, "line 2, column 2"),
        Refusal(
            "a byte order mark", [0xef, 0xbb, 0xbf] + Array(run.utf8), .malformed, nil, "byte order mark"),
        Refusal(
            "a trailing comma", #"{"language":"python","code":"x",}"#, .malformed, nil, "line 1, column 33"),
        Refusal("a trailing comma in a list", #"{"args":["a",]}"#, .malformed, nil, "a value was expected"),
        Refusal("two documents", run + run, .malformed, nil, "more text after"),
        Refusal("single quotes", "{'code':'x'}", .malformed, nil, "double quotes"),
        Refusal("a comment", #"{/* */"code":"x"}"#, .malformed, nil),
        Refusal("YAML", "language: python\ncode: print(1)\n", .malformed, nil),
        Refusal("XML", "<?xml version='1.0'?><a/>", .malformed, nil),
        Refusal("binary", Array(UInt8(0)...255), .malformed, nil, "UTF-8"),
        Refusal("an unknown escape", #"{"code":"\x41"}"#, .malformed, nil, "escape"),
        Refusal("a short escape", #"{"code":"\u12"}"#, .malformed, nil, "hexadecimal"),
        Refusal("a raw control character", "{\"code\":\"a\nb\"}", .malformed, nil, "control character"),
        Refusal("a string without end", #"{"code":"abc"#, .malformed, nil, "closing quote"),
        Refusal("a document without end", #"{"code":"#, .malformed, nil, "ends too early"),
        Refusal(
            "invalid UTF-8", Array(#"{"code":""#.utf8) + [0xff, 0x22, 0x7d], .malformed, nil, "column 10"),
        Refusal(
            "an overlong form", Array(#"{"code":""#.utf8) + [0xc0, 0x80, 0x22, 0x7d], .malformed, nil, "UTF-8"
        ),
        Refusal("a leading zero", #"{"seed":01}"#, .malformed, nil, "leading zero"),
        Refusal("a plus", #"{"seed":+1}"#, .malformed, nil),
        Refusal("half a number", #"{"seed":1.}"#, .malformed, nil, "digit"),
        Refusal(
            "a long number", "{\"seed\":\(String(repeating: "9", count: 1_000_000))}", .invalidValue, "seed",
            "1000000"),
        Refusal("a million lists", String(repeating: "[", count: 1_000_000), .malformed, nil, "64 levels"),
        Refusal(
            "ten thousand closed lists",
            #"{"code":"x","x":"# + String(repeating: "[", count: 10_000)
                + String(repeating: "]", count: 10_000) + "}",
            .malformed, nil, "64 levels"),
        Refusal(
            "a million objects", String(repeating: #"{"a":"#, count: 1_000_000), .malformed, nil, "64 levels"),
        Refusal(
            "a name twice", #"{"code":"a","language":"python","code":"b"}"#, .invalidValue, "code", "twice"),
        Refusal(
            "a name twice inside", #"{"limits":{"wall_ms":1,"wall_ms":2}}"#, .invalidValue, "limits.wall_ms",
            "twice"),
        Refusal("a name twice by escape", #"{"code":"a","c\u006fde":"b"}"#, .invalidValue, "code", "twice"),
        Refusal("64 MiB and more", [UInt8](repeating: 0x20, count: (64 << 20) + 1), .tooLarge, nil, "64 MiB"),
    ]

    static let shapes: [Refusal] = [
        Refusal("null", "null", .invalidValue, nil, "null"),
        Refusal("a list", "[]", .invalidValue, nil, "a list"),
        Refusal("a string", #""x""#, .invalidValue, nil, "'x'"),
        Refusal("an empty object", "{}", .invalidValue, "code", "missing"),
        Refusal("no code", #"{"language":"python"}"#, .invalidValue, "code", "missing"),
        Refusal(field: "x", "1", .unknownField, "x", "no such field"),
        Refusal(field: "__proto__", "{}", .unknownField, "__proto__"),
        Refusal(field: "Code", #""x""#, .unknownField, "Code"),
        Refusal(
            field: String(repeating: "k", count: 1_000_000), "1", .unknownField,
            String(repeating: "k", count: 64) + "…"),
        Refusal(field: "limits", #"{"foo":1}"#, .unknownField, "limits.foo", "wall_ms"),
        Refusal(field: "compile_limits", #"{"wall_s":1}"#, .unknownField, "compile_limits.wall_s"),
        Refusal(
            "half a surrogate", #"{"language":"python","code":"\ud800"}"#, .invalidValue, "code", "base64"),
        Refusal(
            "the other half", #"{"language":"python","code":"x","stdin":"\udc00"}"#, .invalidValue, "stdin",
            "base64"),
        Refusal(
            "halves in disorder", #"{"language":"python","code":"\ud800\u0041"}"#, .invalidValue, "code",
            "base64"),
        Refusal(
            "half in a file", #"{"files":[{"path":"a","content":"\ud800"}]}"#, .invalidValue,
            "files[0].content"),
    ]

    static let languages: [Refusal] =
        ["", "klingon", "python; id", "python\\npython", "pythön", "%s%s%n{0}", "..", " python ", "Python"]
        .map {
            Refusal(
                "language '\($0)'", #"{"language":"\#($0)","code":"x"}"#, .unknownLanguage, "language",
                "/v1/languages")
        } + [
            Refusal("language null", #"{"language":null,"code":"x"}"#, .invalidValue, "language", "null"),
            Refusal("language 5", #"{"language":5,"code":"x"}"#, .invalidValue, "language", "5"),
            Refusal("no language", #"{"code":"x"}"#, .unknownLanguage, "language", "name the language"),
            Refusal(
                "no language, no extension", #"{"code":"x","entry":"main"}"#, .unknownLanguage, "language"),
            Refusal(
                "no language, hidden file", #"{"code":"x","entry":"a/.py"}"#, .unknownLanguage, "language"),
            Refusal(
                "no language, dot at the end", #"{"code":"x","entry":"a."}"#, .unknownLanguage, "language"),
        ]

    static let texts: [Refusal] =
        ["null", "5", "1.5", "true", "[\"x\"]"].flatMap { value in
            [
                Refusal(
                    "code \(value)", #"{"language":"python","code":\#(value)}"#, .invalidValue, "code",
                    "base64"),
                Refusal(field: "stdin", value, .invalidValue, "stdin", "base64"),
            ]
        } + [
            Refusal("code {}", #"{"language":"python","code":{}}"#, .invalidValue, "code", "base64"),
            Refusal("code {a}", #"{"language":"python","code":{"a":1}}"#, .unknownField, "code.a"),
            Refusal(field: "stdin", #"{"base64":5}"#, .invalidValue, "stdin.base64"),
            Refusal(field: "stdin", #"{"base64":"a"}"#, .invalidValue, "stdin.base64", "base64"),
            Refusal(field: "stdin", #"{"base64":"YQ==\n"}"#, .invalidValue, "stdin.base64"),
            Refusal(field: "stdin", #"{"base64":"YR=="}"#, .invalidValue, "stdin.base64"),
            Refusal(field: "stdin", #"{"base64":"=YQ="}"#, .invalidValue, "stdin.base64"),
            Refusal(field: "stdin", #"{"base64":"YQ","x":1}"#, .unknownField, "stdin.x"),
        ]

    static let processes: [Refusal] = [
        Refusal(field: "args", #""x""#, .invalidValue, "args", "a list"),
        Refusal(field: "args", "3", .invalidValue, "args"),
        Refusal(field: "args", "null", .invalidValue, "args"),
        Refusal(field: "args", #"["a",2]"#, .invalidValue, "args[1]", "2"),
        Refusal(field: "args", #"["a\u0000b"]"#, .invalidValue, "args[0]", "NUL"),
        Refusal(field: "args", list(of: #""x""#, 1_001), .invalidValue, "args", "1000"),
        Refusal(field: "args", list(of: #""x""#, 300_000), .invalidValue, "args", "1000"),
        Refusal(
            field: "args", "[\"\(String(repeating: "x", count: 1 << 17))\"]", .invalidValue, "args", "131072"),
        Refusal(field: "env", "[]", .invalidValue, "env", "an object"),
        Refusal(field: "env", #"{"A":null}"#, .invalidValue, "env.A"),
        Refusal(field: "env", #"{"A":["b"]}"#, .invalidValue, "env.A"),
        Refusal(field: "env", #"{"":"x"}"#, .invalidValue, "env", "empty name"),
        Refusal(field: "env", #"{"A=B":"x"}"#, .invalidValue, "env.A=B", "'='"),
        Refusal(field: "env", #"{"A\u0000":"x"}"#, .invalidValue, "env.A?", "NUL"),
        Refusal(field: "env", #"{"A":"\u0000"}"#, .invalidValue, "env.A", "NUL"),
        Refusal(
            field: "env", "{" + (0..<257).map { "\"v\($0)\":\"\"" }.joined(separator: ",") + "}",
            .invalidValue, "env", "256"),
        Refusal(
            field: "env", "{\"A\":\"\(String(repeating: "x", count: 1 << 17))\"}", .invalidValue, "env",
            "131072"),
        Refusal(field: "collect", #"["/etc/*"]"#, .invalidValue, "collect[0]", "absolute"),
        Refusal(field: "collect", #"["a","../*"]"#, .invalidValue, "collect[1]", "leads out"),
        Refusal(field: "collect", #"["a/../../b"]"#, .invalidValue, "collect[0]", "leads out"),
        Refusal(field: "collect", #"[""]"#, .invalidValue, "collect[0]", "empty"),
        Refusal(field: "collect", #"["a\u0000"]"#, .invalidValue, "collect[0]", "control"),
        Refusal(field: "collect", #"[5]"#, .invalidValue, "collect[0]"),
        Refusal(
            field: "collect", "[\"\(String(repeating: "x", count: 1_025))\"]", .invalidValue, "collect[0]",
            "1025"),
        Refusal(field: "collect", list(of: #""*""#, 101), .invalidValue, "collect", "100"),
    ]

    private static func list(of element: String, _ count: Int) -> String {
        "[" + Array(repeating: element, count: count).joined(separator: ",") + "]"
    }
}
