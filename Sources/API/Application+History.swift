internal import Domain
internal import JSON

/// Runs by their ids, under way or long over, and the pages of their history.
extension Application {
    func findRun(_ id: RunID, _ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        switch desk.registry.find(id, for: request.principal) {
        case .underWay: return .json(200, Self.object(("id", id.description), ("status", "running")))
        case .finished(let response, _): return .json(response.status, response.body)
        case nil:
            let record = try await record(id, for: request.principal)
            guard record.httpStatus ?? 200 == 200 else {
                return .json(record.httpStatus ?? 200, record.result ?? [])
            }
            return .json(200, await RecordedResult(history: history).answer(record))
        }
    }

    /// Ends a run, or with `record=true` removes what is kept of one that has ended.
    func deleteRun(_ id: RunID, _ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        try QueryReader.check(request.query, known: ["record"])
        if try QueryReader.flag("record", in: request.query, default: false) {
            return try await removeRecord(id, request.principal)
        }
        switch desk.registry.cancel(id, for: request.principal) {
        case .underWay: return .json(202, Self.object(("id", id.description), ("status", "cancelling")))
        case .finished: throw Self.hasEnded
        case nil:
            _ = try await record(id, for: request.principal)
            throw Self.hasEnded
        }
    }

    private func removeRecord(_ id: RunID, _ principal: Principal) async throws(APIError) -> HTTPResponse {
        let found = desk.registry.find(id, for: principal)
        if case .underWay? = found {
            throw APIError(
                RequestError(.conflict, "run: is under way; cancel it first, and remove its record then"))
        }
        if history == nil, found == nil { throw Self.notFound("run") }
        if let history {
            if found == nil { _ = try await record(id, for: principal) }
            var event = AuditEvent(.runDeleted, key: principal.key)
            event.user = principal.user
            event.subject = id.description
            let kept = event
            _ = try await answering { () async throws(StorageFailure) in
                try await history.remove(id, audit: kept)
            }
        }
        desk.registry.forget(id)
        return .json(200, Self.object(("id", id.description), ("status", "removed")))
    }

    /// The events of a run: those that are kept, and those to come.
    func followRun(_ id: RunID, _ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        try QueryReader.check(request.query, known: ["from"])
        var after = 0
        if let text = request.headers["last-event-id"], let number = Int(text), number >= 0 { after = number }
        if let from = try QueryReader.count("from", in: request.query, 1...Int.max) { after = from - 1 }
        return try await follow(id, after: after, format: .of(request.headers), for: request.principal)
    }

    func follow(
        _ id: RunID, after number: Int, format: EventFormat, for principal: Principal
    ) async throws(APIError) -> HTTPResponse {
        let feed: EventFeed
        switch desk.registry.find(id, for: principal) {
        case .underWay(let found?), .finished(_, let found?): feed = found
        case .underWay(nil): throw Self.isNotFollowed
        case .finished(let response, nil):
            feed = EventFeed(isPaced: false)
            feed.end(response.status == 200 ? "finished" : "error", response.body)
        case nil:
            let record = try await record(id, for: principal)
            feed = EventFeed(isPaced: false)
            let isResult = record.httpStatus ?? 200 == 200
            let body =
                isResult ? await RecordedResult(history: history).answer(record) : record.result ?? []
            feed.end(isResult ? "finished" : "error", body)
        }
        return .events(EventStreamBody(feed, after: number, format: format), format)
    }

    func listRuns(_ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        let query = request.query
        try QueryReader.check(
            query, known: ["language", "status", "state", "since", "until", "limit", "cursor", "key"])
        guard let history else { throw Self.keepsNoHistory }
        var filter = RunFilter()
        filter.key = try readableKey(request)
        filter.language = language(query)
        filter.status = try QueryReader.choice("status", in: query, RunStatus.allCases)
        filter.state = try QueryReader.choice("state", in: query, RunRecord.State.allCases)
        filter.since = try QueryReader.time("since", in: query)
        filter.until = try QueryReader.time("until", in: query)
        let most = try QueryReader.count("limit", in: query, 1...500) ?? 50
        var cursor: RunID?
        if let text = query.value("cursor") {
            cursor = RunID(parsing: text)
            guard cursor != nil else {
                throw QueryReader.wrong("cursor", text, "the 'next' of an earlier page")
            }
        }
        let (wanted, start) = (filter, cursor)
        let page = try await answering { () async throws(StorageFailure) in
            try await history.runs(wanted, after: start, most: most)
        }
        return .json(200, HistoryEncoder.encode(page))
    }

    func runFile(_ id: RunID, _ path: String, _ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        let record = try await record(id, for: request.principal)
        guard let path = PercentEncoding.decode(path),
            let artifact = record.artifacts.first(where: { $0.path == path }), let history
        else { throw Self.notFound("file") }
        let content = try await answering { () async throws(StorageFailure) in
            try await history.content(of: artifact)
        }
        guard let content else { throw Self.notFound("file") }
        // What a guest wrote is never shown by a browser as ours.
        return HTTPResponse(
            status: 200,
            headers: HTTPHeaders([
                "Content-Type": artifact.type, "Content-Disposition": "attachment",
                "Content-Security-Policy": "sandbox", "X-Content-Type-Options": "nosniff",
                "Cache-Control": "no-store", "ETag": "\"\(artifact.sha256)\"",
            ]), body: content)
    }

    /// The record of a run, if the principal may see it.
    private func record(_ id: RunID, for principal: Principal) async throws(APIError) -> RunRecord {
        guard let history else { throw Self.notFound("run") }
        let record = try await answering { () async throws(StorageFailure) in try await history.run(id) }
        guard let record, record.isListed, principal.mayRead(record.key) else { throw Self.notFound("run") }
        return record
    }

    /// By its id, whatever name was given.
    func language(_ query: [HTTPRequest.Parameter]) -> String? {
        query.value("language").map { languages.id(of: $0) ?? $0 }
    }

    /// Whose records are asked for: one's own, or with the scope admin anybody's.
    func readableKey(_ request: HTTPRequest) throws(APIError) -> KeyID? {
        let asked = request.query.value("key").map(KeyID.init)
        guard !request.principal.may(.admin) else { return asked }
        guard asked == nil || asked == request.principal.key else {
            throw APIError(
                RequestError(.forbidden, "?key: only a key with the scope admin may ask for another's"))
        }
        return request.principal.key
    }

    func answering<Value>(
        _ body: () async throws(StorageFailure) -> Value
    ) async throws(APIError) -> Value {
        do throws(StorageFailure) { return try await body() } catch {
            log(.error, "store_failed", ["why": error.message])
            throw APIError(
                RequestError(.unreachable, "the store does not answer just now; try again, and see /readyz"))
        }
    }

    static let hasEnded = APIError(
        RequestError(.conflict, "run: has ended already and cannot be cancelled"))
    static let keepsNoHistory = APIError(
        RequestError(.unsupported, "this service keeps no history; start it without --history no"))
    private static let isNotFollowed = APIError(
        RequestError(
            .conflict,
            "run: its client waits for it, and its events are not kept; begin it with ?wait=false to follow it"
        ))
}
