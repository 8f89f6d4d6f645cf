internal import API
internal import Domain
internal import Testing

struct DecoderTests {
    private let decoder = RunRequestDecoder(maxima: LimitMaxima(), languages: TestLanguages())

    private func decode(_ body: String) throws(RequestError) -> RunRequest {
        try decoder.decode(Array(body.utf8)).request
    }

    @Test func `the least request has every default`() throws {
        let request = try decode(#"{"language":"python","code":"print(1)"}"#)
        #expect(request.language == "python")
        #expect(request.files.map(\.path.description) == ["main.py"])
        #expect(request.files.map(\.content) == [Array("print(1)".utf8)])
        #expect(request.entry == nil)
        #expect(request.limits == Limits(.run))
        #expect(request.compileLimits == Limits(.compile))
        #expect(request.stdin == .bytes([]))
        #expect(request.seed == nil && request.start == .warm && !request.profile)
    }

    @Test func `tests arrive in order, and what they leave out stays open`() throws {
        let body = #"""
            { "language": "python", "code": "", "rich": true,
              "tests": [{"stdin": "1"}, {"args": ["a", ""]}, {}, {"stdin": {"base64": "/w=="}, "args": []}] }
            """#
        let request = try decoder.decode(Array(body.utf8)).request
        #expect(request.rich)
        #expect(
            request.tests == [
                TestCase(stdin: [0x31]), TestCase(args: [[0x61], []]), TestCase(),
                TestCase(stdin: [0xff], args: []),
            ])
    }

    @Test func `every field of the contract arrives`() throws {
        let body = #"""
            { "language": "py", "code": {"base64": "/wA="}, "entry": "src/app.py", "stdin": "h\u00e9\ud83d\ude00\u0000",
              "args": ["x", "", "\"é"], "env": {"LANG": "C.UTF-8", "é": "b\nC=d"}, "libraries": ["Pandas >= 2", "numpy"], "build": true,
              "limits": {"wall_ms": 1000.0, "cpu_ms": 1e3, "memory_mb": 16, "processes": 1, "output_bytes": 0,
                         "disk_mb": 1, "files": 16, "cpu_percent": 800},
              "network": "none", "collect": ["**/*.png"], "start": "fresh", "check": "off", "profile": true,
              "cache": false, "rich": false, "seed": 4294967295, "tests": [],
              "compile_limits": {"memory_mb": 2048}, "check_types": null, "priority": 9, "deadline_ms": 5,
              "store": "meta", "stream": false }
            """#
        let (request, options) = try decoder.decode(Array(body.utf8))
        #expect(request.language == "py")
        #expect(request.entry == "src/app.py")
        #expect(request.files.map(\.path.description) == ["src/app.py"])
        #expect(request.files.map(\.content) == [[0xff, 0]])
        #expect(request.stdin == .bytes(Array("hé😀\0".utf8)))
        #expect(request.args == ["x", "", "\"é"].map { Array($0.utf8) })
        #expect(request.env == [.init(name: "LANG", value: "C.UTF-8"), .init(name: "é", value: "b\nC=d")])
        #expect(request.limits.wall == .seconds(1) && request.limits.cpu == .seconds(1))
        #expect(request.limits.memory == .mebibytes(16) && request.limits.disk == .mebibytes(1))
        #expect(
            request.limits.processes == 1 && request.limits.files == 16 && request.limits.cpuPercent == 800)
        #expect(request.limits.output == ByteCount(bytes: 0))
        #expect(request.compileLimits.memory == .mebibytes(2048) && request.compileLimits.step == .compile)
        #expect(request.collect == ["**/*.png"] && request.start == .fresh && request.profile)
        #expect(request.seed == .max)
        #expect(request.libraries.map(\.description) == ["pandas>=2", "numpy"] && request.buildsLibraries)
        #expect(options.store == .meta)
        #expect(request.priority == 9 && request.deadline == .milliseconds(5))
    }

    @Test func `a network policy comes as it is, each server once`() throws {
        let allow = #"["Example.org:443","*.example.org:80","1.1.1.1:53","example.org:443"]"#
        let request = try decode(#"{"language":"python","code":"","network":{"allow":\#(allow)}}"#)
        #expect(
            request.network.allow.map(\.description) == ["example.org:443", "*.example.org:80", "1.1.1.1:53"])
        #expect(try decode(#"{"language":"python","code":"","network":{"allow":[]}}"#).network.isNone)
        #expect(try decode(#"{"language":"python","code":"","network":"none"}"#).network.isNone)
    }

    @Test(arguments: [
        (
            #"{"language":"python","files":[{"path":"main.py","content":""},{"path":"a.py","content":""}]}"#,
            "main.py"
        ),
        (#"{"language":"python","files":[{"path":"x.py","content":""}]}"#, "x.py"),
        (#"{"files":[{"path":"x.py","content":""}]}"#, "x.py"),
        (
            #"{"files":[{"path":"a/x.c","content":""},{"path":"a/y.h","content":""}],"entry":"a/x.c"}"#,
            "a/x.c"
        ),
        (#"{"code":"","entry":"x.py"}"#, "x.py"),
    ])
    func `the program among the files is found`(_ body: String, _ entry: String) throws {
        #expect(try decode(body).entry == entry)
    }

    @Test func `files come as text, as base64 and as they are given back`() throws {
        let files =
            #"[{"path":"a","content":"é"},{"path":"b","content":"/w==","encoding":"base64"},"#
            + #"{"path":"main.py","content":{"base64":""}}]"#
        let request = try decode(#"{"language":"python","files":\#(files)}"#)
        #expect(request.files.map(\.content) == [Array("é".utf8), [0xff], []])
    }

    @Test func `names that differ only in their bytes are different files`() throws {
        let files =
            #"[{"path":"\u00e9","content":""},{"path":"e\u0301","content":""},{"path":"main.py","content":""}]"#
        #expect(try decode(#"{"language":"python","files":\#(files)}"#).files.count == 3)
    }

    @Test func `ten megabytes of code arrive whole`() throws {
        let code = "#" + String(repeating: "x", count: 10 << 20)
        let request = try decode(#"{"language":"python","code":"\#(code)"}"#)
        #expect(request.files.first?.content.count == code.utf8.count)
    }

    @Test func `defaults never exceed the operator's maxima`() throws {
        var maxima = LimitMaxima()
        maxima.memory = .mebibytes(128)
        maxima.wall = .seconds(2)
        let decoder = RunRequestDecoder(maxima: maxima, languages: TestLanguages())
        let request = try decoder.decode(Array(#"{"language":"python","code":""}"#.utf8)).request
        #expect(request.limits.memory == .mebibytes(128) && request.limits.wall == .seconds(2))
        #expect(request.compileLimits.memory == .mebibytes(128))
    }

    @Test func `an error says line and column`() {
        let error = #expect(throws: RequestError.self) { _ = try decode("{\n  \"code\": \"x\"\n  oops\n}") }
        #expect(error?.message == "the body is not JSON: ',' or '}' was expected at line 3, column 3")
    }
}
