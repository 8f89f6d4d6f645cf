internal import API
internal import Domain
internal import Storage
internal import Telemetry
internal import Testing

struct MetricsTests {
    @Test func `counters and histograms are written as Prometheus reads them`() {
        let counter = Counter(MetricName("things_total", "Things.", labels: ["kind"]))
        counter.add(1, "a")
        counter.add(2.5, "b \"quoted\"\n\\")
        counter.add(1, "a")
        let histogram = Histogram(MetricName("time_seconds", "Time."), bounds: [0.1, 1])
        for value in [0.05, 0.1, 0.5, 7] { histogram.observe(value) }
        let registry = MetricRegistry()
        registry.add([counter, histogram, Gauge(MetricName("absent", "None just now.")) { nil }])
        #expect(
            registry.text == """
                # HELP things_total Things.
                # TYPE things_total counter
                things_total{kind="a"} 2
                things_total{kind="b \\"quoted\\"\\n\\\\"} 2.5
                # HELP time_seconds Time.
                # TYPE time_seconds histogram
                time_seconds_bucket{le="0.1"} 2
                time_seconds_bucket{le="1"} 3
                time_seconds_bucket{le="+Inf"} 4
                time_seconds_sum 7.65
                time_seconds_count 4

                """)
    }

    @Test func `what clients choose makes no more than a bounded number of series`() {
        let counter = Counter(MetricName("things_total", "Things.", labels: ["kind"]))
        for number in 0..<5_000 { counter.add(1, "kind \(number)") }
        var text = ""
        counter.write(to: &text)
        #expect(text.split(separator: "\n").count <= 1_003)
        #expect(text.contains(#"things_total{kind="other"} 4000"#))
    }

    @Test func `requests and runs are counted, and no word of a request is in it`() async throws {
        let application = Application(
            runner: ScriptedRunner(), idempotency: MemoryIdempotencyStore(), languages: TestLanguages(),
            log: Log(program: "test", threshold: .error))
        let json = HTTPHeaders(["Content-Type": "application/json"])
        for body in [#"{"language":"python","code":"slow","stdin":"secret"}"#, #"{"code":"secret"}"#] {
            _ = await application.respond(
                to: HTTPRequest(method: "POST", path: "/v1/runs", headers: json, body: Array(body.utf8)))
        }
        _ = await application.respond(to: HTTPRequest(method: "SECRET", path: "/secret"))
        let answer = await application.respond(to: HTTPRequest(method: "GET", path: "/metrics"))
        let text = String(decoding: answer.body.bytes, as: UTF8.self)
        #expect(answer.headers["content-type"] == MetricRegistry.contentType)
        for line in [
            #"diatom_http_requests_total{operation="submitRun",method="POST",code="200"} "#,
            #"diatom_http_requests_total{operation="none",method="other",code="404"} 1"#,
            #"diatom_runs_total{language="python",status="time_exceeded"} 1"#,
            #"diatom_run_limits_total{limit="wall_ms"} 1"#, "process_open_fds ", "diatom_runs_under_way 0",
        ] { #expect(text.contains(line), "\(line) in \(text)") }
        #expect(!text.lowercased().contains("secret"))
    }
}
