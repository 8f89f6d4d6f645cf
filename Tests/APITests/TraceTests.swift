internal import API
internal import Domain
internal import Storage
internal import Synchronization
internal import Telemetry
internal import Testing

struct TraceTests {
    private final class Spans: SpanSink {
        let taken = Mutex<[Span]>([])
        func take(_ span: Span) { taken.withLock { $0.append(span) } }
        func samples() -> Bool { true }
    }

    private let spans = Spans()

    private func run(_ code: String, trace: String? = nil) async -> [Span] {
        let application = Application(
            runner: ScriptedRunner(), idempotency: MemoryIdempotencyStore(), languages: TestLanguages(),
            log: Log(program: "test", threshold: .error), spans: spans)
        var headers = HTTPHeaders(["Content-Type": "application/json"])
        if let trace { headers.append("traceparent", trace) }
        let body = #"{"language":"python","code":"\#(code)"}"#
        _ = await application.respond(
            to: HTTPRequest(method: "POST", path: "/v1/runs", headers: headers, body: Array(body.utf8)))
        return spans.taken.withLock { $0 }
    }

    @Test func `a run's parts follow each other, each as long as the result says`() async throws {
        let taken = await run("compiled")
        let run = try #require(taken.first { $0.name == "run" })
        let request = try #require(taken.first { $0.kind == .server })
        #expect(
            request.name == "POST /v1/runs" && request.parent == nil && run.parent == request.context.span)
        let parts = taken.filter { $0.parent == run.context.span }
        #expect(parts.map(\.name) == ["queue", "compile", "start", "execute"])
        #expect(parts.first?.start == run.start)
        #expect(zip(parts, parts.dropFirst()).allSatisfy { $0.end == $1.start })
        #expect(parts.allSatisfy { $0.end <= run.end && $0.context.trace == run.context.trace })
    }

    @Test func `a client that wants no spans gets none`() async {
        #expect(await run("x", trace: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00").isEmpty)
    }
}
