internal import API
internal import Domain
internal import JSON
internal import Storage
internal import Synchronization
internal import Telemetry
internal import Testing

/// What a request's webhook becomes: a delivery that is kept with the run, all or nothing.
@Suite(.timeLimit(.minutes(1)))
struct WebhookTests {
    private struct Deliveries: DeliveryStore {
        let records: MemoryRecords

        func takeDue(now: Int64, lease: Int64, most: Int, mostOfKey: Int) -> [WebhookDelivery] { [] }
        func note(_ delivery: WebhookDelivery) {}
        func nextDue() -> Int64? { nil }
        func delivery(of run: RunID) -> WebhookDelivery? { records.state.withLock { $0.runs[run]?.delivery } }
        func sign(_ message: [UInt8]) -> [UInt8] { [] }
        var webhookKey: [UInt8] { [1, 2, 3] }
    }

    private let records = MemoryRecords()
    private let application: Application
    private let one = Principal(key: KeyID("key_1"), scopes: [.run], allowance: KeyAllowance())
    private let other = Principal(key: KeyID("key_2"), scopes: [.run], allowance: KeyAllowance())
    private static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    init() {
        var configuration = ApplicationConfiguration()
        configuration.mostRunsUnderWay = 1
        var kept = ServiceRecords()
        (kept.keys, kept.history, kept.audit) = (records, records, records)
        kept.webhooks = Webhooks(store: Deliveries(records: records), ring: {}) { url in
            url.endpoint.host == "10.0.0.1" ? "is not a public address" : nil
        }
        application = Application(
            runner: ScriptedRunner(), idempotency: MemoryIdempotencyStore(), languages: TestLanguages(),
            log: Log(program: "test", threshold: .error), records: kept, configuration: configuration)
    }

    private func send(
        _ method: String, _ path: String, _ body: String = "", as principal: Principal? = nil,
        trace: String? = nil
    ) async -> (status: Int, text: String, headers: HTTPHeaders) {
        var headers = HTTPHeaders(["Content-Type": "application/json"])
        if let trace { headers.append("traceparent", trace) }
        let parts = path.split(separator: "?")
        let query = parts.count > 1 ? [HTTPRequest.Parameter(name: "wait", value: "false")] : []
        var request = HTTPRequest(
            method: method, path: String(parts[0]), query: query, headers: headers, body: Array(body.utf8))
        request.principal = principal ?? one
        let response = await application.respond(to: request)
        return (response.status, String(decoding: await response.allBytes(), as: UTF8.self), response.headers)
    }

    private func body(_ code: String, _ webhook: String, _ more: String = "") -> String {
        #"{"language":"python","code":"\#(code)","webhook":\#(webhook)\#(more)}"#
    }

    private func id(_ text: String) throws -> RunID {
        try #require(text.firstMatch(of: /run_\w{26}/).flatMap { RunID(parsing: String($0.0)) })
    }

    @Test func `a run's result waits for its webhook, with the run`() async throws {
        let hook = #"{"url":"https://example.org/hook","secret":"\#(Self.secret)"}"#
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        let answer = await send("POST", "/v1/runs", body("hello", hook), trace: trace)
        #expect(answer.status == 200)
        #expect(answer.headers["traceresponse"]?.hasPrefix("00-0af7651916cd43dd8448eb211c80319c-") == true)
        let run = try id(answer.text)
        let kept = try #require(records.state.withLock { $0.runs[run] })
        let delivery = try #require(kept.delivery)
        #expect(delivery.state == .waiting && delivery.secret?.count == 24 && delivery.due != nil)
        #expect(String(decoding: delivery.body ?? [], as: UTF8.self) == answer.text)
        #expect(delivery.traceparent?.hasPrefix("00-0af7651916cd43dd8448eb211c80319c-") == true)
        // What the history keeps of the request has no secret.
        let request = String(decoding: kept.request ?? [], as: UTF8.self)
        #expect(request.contains("example.org/hook") && !request.contains("MfKQ9r8GKYq"))
        let shown = await send("GET", "/v1/runs/\(run)/webhook")
        #expect(
            shown.status == 200 && shown.text.contains(#""state":"waiting""#) && !shown.text.contains("MfKQ"))
        #expect(await send("GET", "/v1/runs/\(run)/webhook", as: other).status == 404)
    }

    @Test func `a run that nobody waits for holds its delivery from the start`() async throws {
        let queued = await send(
            "POST", "/v1/runs?wait=false", body("wait", #"{"url":"https://example.org"}"#))
        #expect(queued.status == 202)
        let run = try id(queued.text)
        let first = records.state.withLock { $0.runs[run]?.delivery?.state }
        #expect(first == .held || first == .waiting)
        while records.state.withLock({ $0.runs[run]?.delivery?.state }) != .waiting {
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(records.state.withLock { $0.runs[run]?.delivery?.body?.isEmpty == false })
    }

    @Test func `what nobody waits for and was refused is told as well`() async throws {
        let queued = await send(
            "POST", "/v1/runs?wait=false", body("refuse", #"{"url":"https://example.org"}"#))
        let run = try id(queued.text)
        while records.state.withLock({ $0.runs[run]?.delivery?.state }) != .waiting {
            try await Task.sleep(for: .milliseconds(5))
        }
        let told = records.state.withLock { $0.runs[run]?.delivery?.body } ?? []
        #expect(String(decoding: told, as: UTF8.self).contains("no room"))
    }

    @Test func `who is refused at once is told that alone, and nothing waits for it`() async throws {
        let hook = #"{"url":"https://example.org"}"#
        #expect(await send("POST", "/v1/runs?wait=false", body("hang", hook)).status == 202)
        #expect(await send("POST", "/v1/runs?wait=false", body("hello", hook)).status == 429)
        let states = records.state.withLock { $0.runs.values.compactMap { $0.delivery?.state } }
        #expect(Set(states) == [.held, .failed])
        await application.shutDown(grace: .zero)
    }

    @Test(arguments: [
        (#"{"url":"https://10.0.0.1/"}"#, "webhook.url"),
        (#"{"url":"https://user@example.org/"}"#, "webhook.url"),
        (#"{}"#, "webhook.url"), (#"{"url":7}"#, "webhook.url"),
        (#"{"url":"https://example.org","sign":1}"#, "webhook.sign"),
        (#"{"url":"https://example.org","secret":"hunter2hunter2hunter2"}"#, "webhook.secret"),
        (#"{"url":"https://example.org","secret":"whsec_c2hvcnQ="}"#, "webhook.secret"),
    ])
    func `a webhook that can't be is refused by name`(_ hook: String, _ field: String) async {
        let answer = await send("POST", "/v1/runs", body("hello", hook))
        #expect(answer.status == 422 || answer.status == 400)
        #expect(answer.text.contains(#""field":"\#(field)""#), "\(answer.text)")
        #expect(!answer.text.contains("hunter2") && !answer.text.contains("c2hvcnQ="))
    }

    @Test func `the key that deliveries are checked by is told`() async {
        #expect(await send("GET", "/v1/version").text.contains(#""webhook_public_key":"whpk_AQID""#))
    }
}
