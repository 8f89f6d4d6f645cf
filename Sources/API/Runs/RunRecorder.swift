internal import Domain
internal import JSON
internal import Telemetry

/// Keeps runs in the history, and what happened to them in the audit log.
///
/// A store that cannot keep them never fails a run: it says so in the log and in `/readyz`, and the run is answered.
struct RunRecorder: Sendable {
    /// Of a request, and of a result, as they are kept; what is larger is kept as facts only.
    private static let mostKept = 4 << 20
    /// Of a result that a webhook is sent.
    private static let mostDelivered = 16 << 20

    let history: (any RunHistory)?
    let audit: (any AuditLog)?
    let webhooks: Webhooks?
    let log: Log

    /// Before a run that nobody waits for: should the service die, it is known to be lost.
    func begin(_ order: RunOrder, id: RunID) async {
        guard let history, order.isBackground, order.options.store != .none || order.options.webhook != nil
        else { return }
        var begun = RunRecord(
            id: id, key: order.principal.key, state: .running, language: order.request.language ?? "",
            created: WallClock.now())
        begun.isListed = order.options.store != .none
        begun.delivery = delivery(of: order, id, .held)
        let record = begun
        await attempt("history_begin_failed") { () async throws(StorageFailure) in
            try await history.begin(record)
        }
    }

    /// Before the answer is given; what is kept then outlives the service.
    func end(_ order: RunOrder, _ result: RunResult, answer: [UInt8]) async {
        guard let history else { return }
        var record = RunRecord(
            id: result.id, key: order.principal.key, state: .ended, language: result.language,
            created: result.created)
        record.fill(from: result)
        record.httpStatus = 200
        record.isListed = order.options.store != .none
        if order.options.store == .all { keepContents(of: order, result, answer, in: &record) }
        record.delivery = delivery(of: order, result.id, .waiting) { Self.deliverable(result, answer) }
        let event = Self.event(order, result)
        let files = order.options.store == .all ? result.files : []
        let kept = record
        await attempt("history_end_failed") { () async throws(StorageFailure) in
            try await history.end(kept, files: files, audit: event)
        }
        ring(order)
    }

    /// A request that was answered with what an earlier run came to.
    func end(_ order: RunOrder, _ cached: CachedAnswer) async {
        guard let history else { return }
        var record = cached.record
        record.isListed = order.options.store != .none
        if order.options.store == .all {
            let request = RequestRedaction.withoutSecrets(of: order)
            if request.count <= Self.mostKept { record.request = request }
            if cached.body.count <= Self.mostKept { record.result = cached.body }
        }
        record.delivery = delivery(of: order, record.id, .waiting) { cached.body }
        var event = AuditEvent(.runEnded, level: .info, key: order.principal.key)
        event.user = order.principal.user
        event.subject = record.id.description
        event.status = record.status
        event.language = record.language
        event.note = "cached"
        let (kept, ended) = (record, event)
        let files = order.options.store == .all ? cached.files : []
        await attempt("history_end_failed") { () async throws(StorageFailure) in
            try await history.end(kept, files: files, audit: ended)
        }
        ring(order)
    }

    /// A run that was refused before anything ran.
    ///
    /// `isTold`: Whether its client knows, and has never been told the run's id; its webhook hears nothing then.
    func refuse(_ order: RunOrder, id: RunID, _ error: APIError, isTold: Bool = false) async {
        if let history, order.isBackground, order.options.store != .none || order.options.webhook != nil {
            var record = RunRecord(
                id: id, key: order.principal.key, state: .ended, language: order.request.language ?? "",
                created: WallClock.now())
            record.ended = record.created
            record.httpStatus = error.status
            record.result = error.body
            record.isListed = order.options.store != .none
            record.delivery = delivery(of: order, id, isTold ? .failed : .waiting) { error.body }
            if isTold { record.delivery?.giveUp("the run was refused", at: record.created) }
            let kept = record
            let event = Self.event(refused: error, order, id)
            await attempt("history_end_failed") { () async throws(StorageFailure) in
                try await history.end(kept, files: [], audit: event)
            }
            return ring(order)
        }
        guard let audit, error.isWorthKeeping else { return }
        let event = Self.event(refused: error, order, id)
        await attempt("audit_failed") { () async throws(StorageFailure) in try await audit.append(event) }
    }

    private func delivery(
        of order: RunOrder, _ id: RunID, _ state: WebhookDelivery.State, body: () -> [UInt8]? = { nil }
    ) -> WebhookDelivery? {
        guard let webhook = order.options.webhook else { return nil }
        let now = WallClock.now()
        var delivery = WebhookDelivery(
            run: id, key: order.principal.key, webhook: webhook, state: state, created: now)
        delivery.traceparent = order.trace?.header
        if state == .waiting {
            delivery.due = now
            delivery.body = body()
        }
        return delivery
    }

    /// The answer, if it is not too large; without the bytes of its files, or all it printed, if those make it so.
    private static func deliverable(_ result: RunResult, _ answer: [UInt8]) -> [UInt8] {
        guard answer.count > mostKept else { return answer }
        let plain = RunResultEncoder.encode(result, .withoutContents)
        return plain.count <= mostDelivered ? plain : RunResultEncoder.encode(result, .withoutStreamed)
    }

    private func ring(_ order: RunOrder) { if order.options.webhook != nil { webhooks?.ring() } }

    private func keepContents(
        of order: RunOrder, _ result: RunResult, _ answer: [UInt8], in record: inout RunRecord
    ) {
        let request = RequestRedaction.withoutSecrets(of: order)
        if request.count <= Self.mostKept { record.request = request }
        let hasFiles = !result.files.isEmpty || result.runs.contains { !$0.files.isEmpty }
        let kept = hasFiles ? RunResultEncoder.encode(result, .withoutContents) : answer
        if kept.count <= Self.mostKept { record.result = kept }
    }

    private static func event(_ order: RunOrder, _ result: RunResult) -> AuditEvent {
        var event = AuditEvent(
            .runEnded, level: result.verdict.status == .engineFailed ? .error : .info,
            key: order.principal.key)
        event.user = order.principal.user
        event.subject = result.id.description
        event.status = result.verdict.status
        event.language = result.language
        event.policy = result.receipt?.policy
        event.note = result.verdict.limit.map { "limit \($0.name.rawValue)" }
        return event
    }

    private static func event(refused error: APIError, _ order: RunOrder, _ id: RunID) -> AuditEvent {
        var event = AuditEvent(.runRefused, level: .warning, key: order.principal.key)
        event.user = order.principal.user
        event.subject = id.description
        event.language = order.request.language
        event.note = error.code
        return event
    }

    private func attempt(_ event: String, _ body: () async throws(StorageFailure) -> Void) async {
        do throws(StorageFailure) { try await body() } catch { log(.error, event, ["why": error.message]) }
    }
}

extension RunRecord {
    /// What the history knows of every run, whatever else it keeps.
    fileprivate mutating func fill(from result: RunResult) {
        version = result.version
        status = result.verdict.status
        exitCode = result.verdict.exitCode
        signal = result.verdict.signal
        limit = result.verdict.limit?.name.rawValue
        policy = result.receipt?.policy
        ended = WallClock.now()
        queued = result.queued
        wall = result.usage.wall
        cpu = result.usage.cpu
        memoryPeak = result.usage.memoryPeak
        outputBytes = result.usage.output.bytes
    }
}

extension APIError {
    /// Not those that say no more than that there is much to do.
    fileprivate var isWorthKeeping: Bool { status != 429 && status != 503 }
}
