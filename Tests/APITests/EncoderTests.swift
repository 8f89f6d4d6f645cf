internal import API
internal import Domain
internal import JSON
internal import Testing

struct EncoderTests {
    private func text(_ result: RunResult) -> String {
        String(decoding: RunResultEncoder.encode(result), as: UTF8.self)
    }

    private func result(_ verdict: Verdict = Verdict(status: .succeeded, exitCode: 0)) throws -> RunResult {
        let id = try #require(RunID(parsing: "run_00000000000000000000000000"))
        return RunResult(id: id, verdict: verdict, language: "python", created: 1_795_223_045_678_000_000)
    }

    @Test func `the least result has every field in its order`() throws {
        #expect(
            text(try result())
                == #"{"id":"run_00000000000000000000000000","status":"succeeded","language":"python","version":null,"#
                + #""detected":false,"exit_code":0,"signal":null,"stdout":"","stderr":"","#
                + #""truncated":{"stdout":false,"stderr":false},"results":[],"error":null,"compile":null,"#
                + #""usage":{"wall_ms":null,"cpu_ms":null,"memory_peak_bytes":null,"processes_peak":null,"#
                + #""output_bytes":0,"system_calls":null},"limit":null,"files":[],"security":null,"receipt":null,"#
                + #""cached":false,"queue_ms":0.0,"created_at":"2026-11-21T01:04:05.678Z"}"#)
    }

    @Test func `a full result says everything`() throws {
        let hit = LimitHit(name: .memory, allowed: 512, measured: 511.5, how: "control group OOM kill")
        var full = try result(Verdict(status: .memoryExceeded, signal: 9, limit: hit))
        full.stdout = Array("é\n\"\\\0\u{7f}\u{1f}".utf8)
        full.stderr = [0xff]
        full.stderrCut = true
        full.usage.wall = .microseconds(1_900)
        full.usage.cpu = .nanoseconds(1_234_567)
        full.usage.memoryPeak = ByteCount(bytes: 9_437_184)
        full.usage.processesPeak = 1
        full.usage.systemCalls = ["read": 2, "write": 3, "exit": 2]
        full.error = GuestError(name: "NameError", message: "name 'x'")
        full.error?.line = 3
        full.error?.traceback = ["a", "b"]
        full.compile = CompileResult(verdict: Verdict(status: .succeeded, exitCode: 0))
        full.files = [
            CollectedFile(path: try WorkspacePath(parsing: "a/b.PNG"), content: [], executable: false)
        ]
        full.filesLeftOut = 2
        full.filesLeftOutReason = "too large"
        full.receipt = Receipt(
            layers: ["user", "pid"], policy: "sha256:0", hostUser: .own, start: .forked,
            memory: "control group")
        full.queued = .microseconds(100)
        let text = text(full)
        for part in [
            #""stdout":"é\n\"\\\u0000\#u{7f}\u001f""#, #""stderr":{"base64":"/w=="}"#,
            #""truncated":{"stdout":false,"stderr":true}"#, #""exit_code":null,"signal":9"#,
            #""wall_ms":1.9,"cpu_ms":1.235,"memory_peak_bytes":9437184,"processes_peak":1"#,
            #""system_calls":{"write":3,"exit":2,"read":2}"#,
            #""error":{"name":"NameError","message":"name 'x'","file":null,"line":3,"column":null,"category":null,"#
                + #""severity":null,"traceback":["a","b"],"hint":null,"source":"guest"}"#,
            #""limit":{"name":"memory_mb","allowed":512,"measured":511.5,"how":"control group OOM kill"}"#,
            #""files":[{"path":"a/b.PNG","size_bytes":0,"sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","#
                + #""type":"image/png","content":{"base64":""}}],"files_left_out":{"count":2,"reason":"too large"}"#,
            #""receipt":{"backend":"native","layers":["user","pid"],"policy":"sha256:0","host_uid":"own","#
                + #""start":"forked","memory":"control group","network":"none"}"#,
            #""queue_ms":0.1"#, #""compile":{"status":"succeeded","#,
        ] { #expect(text.contains(part), "\(part)") }
    }

    @Test(arguments: 0...9)
    func `base64 comes back as it went`(_ count: Int) throws {
        let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max) }
        var text: [UInt8] = []
        Base64.append(bytes, to: &text)
        #expect(text.count == (count + 2) / 3 * 4)
        #expect(Base64.decode(String(decoding: text, as: UTF8.self)) == bytes)
    }

    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"), (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] as [(Int64, String)])
    func `times are ISO 8601`(_ milliseconds: Int64, _ expected: String) throws {
        var result = try result()
        result.created = milliseconds * 1_000_000
        #expect(text(result).hasSuffix(#""created_at":"\#(expected)"}"#))
    }
}
