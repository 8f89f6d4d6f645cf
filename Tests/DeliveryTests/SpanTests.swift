@testable internal import Delivery
internal import JSON
internal import Telemetry
internal import Testing

struct SpanTests {
    private static let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    @Test func `a trace that a client began goes on`() throws {
        let context = try #require(TraceContext(parsing: Self.parent))
        #expect(context.trace == "0af7651916cd43dd8448eb211c80319c" && context.isSampled)
        #expect(context.header == Self.parent)
        let child = context.child()
        #expect(child.trace == context.trace && child.span != context.span)
        #expect(TraceContext(parsing: child.header) == child)
        #expect(TraceContext(parsing: Self.parent.dropLast(2) + "00")?.isSampled == false)
        // A later version may say more.
        #expect(TraceContext(parsing: "cc" + Self.parent.dropFirst(2) + "-what-comes") != nil)
    }

    @Test(arguments: [
        "", "00", "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0g",
    ])
    func `what is no trace context begins a new one`(_ text: String) {
        #expect(TraceContext(parsing: text) == nil)
    }

    @Test func `spans are as OTLP has them`() throws {
        let context = TraceContext(isSampled: true)
        var span = Span(
            "run", context.child(), parent: context.span, start: 1_700_000_000_000_000_001,
            end: 1_700_000_000_000_000_002)
        span.add("diatom.run.status", "succeeded")
        span.add("http.response.status_code", 200)
        span.problem = "broken"
        let text = String(decoding: SpanEncoder.encode([span], version: "1"), as: UTF8.self)
        #expect((try? JSONParser.parse(Array(text.utf8))) != nil)
        for part in [
            #""resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"diatom"}}"#,
            #""traceId":"\#(context.trace)""#, #""parentSpanId":"\#(context.span)""#, #""kind":1"#,
            #""startTimeUnixNano":"1700000000000000001""#,
            #"{"key":"http.response.status_code","value":{"intValue":"200"}}"#,
            #""status":{"code":2,"message":"broken"}"#,
        ] { #expect(text.contains(part), "\(part) in \(text)") }
    }

    @Test func `spans that nobody takes are dropped and counted`() async {
        let exporter = SpanExporter(
            url: "http://127.0.0.1:9/", headers: [], share: 1, version: "1",
            couriers: Couriers(program: "/nonexistent", environment: []),
            log: Log(program: "test", threshold: .error))
        let context = TraceContext(isSampled: true)
        for _ in 0..<9_000 { exporter.take(Span("x", context, parent: nil, start: 0, end: 1)) }
        #expect(exporter.dropped == 9_000 - 8_192)
        await exporter.stop()
        #expect(exporter.dropped == 9_000)
    }
}
