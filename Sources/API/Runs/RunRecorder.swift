internal import Domain
internal import JSON
internal import Telemetry

/// Keeps runs in the history, and what happened to them in the audit log.
///
/// A store that cannot keep them never fails a run: it says so in the log and in `/readyz`, and the run is answered.
struct RunRecorder: Sendable {
    /// Of a request, and of a result, as they are kept; what is larger is kept as facts only.
    private static let mostKept = 4 << 20

    let history: (any RunHistory)?
    let audit: (any AuditLog)?
    let log: Log

    /// Before a run that nobody waits for: should the service die, it is known to be lost.
    func begin(_ order: RunOrder, id: RunID) async {
        guard let history, order.isBackground, order.options.store != .none else { return }
        let record = RunRecord(
            id: id, key: order.principal.key, state: .running, language: order.request.language ?? "",
            created: WallClock.now())
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
        let event = Self.event(order, result)
        let files = order.options.store == .all ? result.files : []
        let kept = record
        await attempt("history_end_failed") { () async throws(StorageFailure) in
            try await history.end(kept, files: files, audit: event)
        }
    }

    /// A run that was refused before anything ran.
    func refuse(_ order: RunOrder, id: RunID, _ error: APIError) async {
        if let history, order.isBackground, order.options.store != .none {
            var record = RunRecord(
                id: id, key: order.principal.key, state: .ended, language: order.request.language ?? "",
                created: WallClock.now())
            record.ended = record.created
            record.httpStatus = error.status
            record.result = error.body
            let kept = record
            let event = Self.event(refused: error, order, id)
            return await attempt("history_end_failed") { () async throws(StorageFailure) in
                try await history.end(kept, files: [], audit: event)
            }
        }
        guard let audit, error.isWorthKeeping else { return }
        let event = Self.event(refused: error, order, id)
        await attempt("audit_failed") { () async throws(StorageFailure) in try await audit.append(event) }
    }

    private func keepContents(
        of order: RunOrder, _ result: RunResult, _ answer: [UInt8], in record: inout RunRecord
    ) {
        let request = RequestRedaction.withoutValues(order.body, hasVariables: !order.request.env.isEmpty)
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
