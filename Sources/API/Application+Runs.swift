internal import Digest
internal import Domain

/// `/v1/runs`: everything that can be refused is refused before anything runs.
extension Application {
    func submit(_ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        guard !isDraining else { throw APIError(.draining) }
        try ContentRules.requireJSON(request.headers)
        try QueryReader.check(request.query, known: ["wait"])
        let wait = try QueryReader.flag("wait", in: request.query, default: true)
        let key = try IdempotencyKey.read(request.headers)
        var order = try order(request.body, of: request)
        if order.options.streams {
            guard wait else { throw Self.streamsAndDoesNotWait }
            return try await stream(order, key: key, format: .of(request.headers))
        }
        if !wait { order.audience = .nobody }
        guard let key else { return wait ? await runAndWait(order) : await queue(order) }
        return try await submitOnce(order, key: key, fingerprint: Self.fingerprint(request.body, wait: wait))
    }

    /// Decodes a request for whom it comes from.
    func order(_ body: [UInt8], of request: HTTPRequest) throws(APIError) -> RunOrder {
        let principal = request.principal
        do throws(RequestError) {
            var (run, options) = try decoder.decode(body)
            run.key = principal.key
            run.allowance = principal.allowance
            var order = RunOrder(request: run, options: options, principal: principal, body: body)
            order.trace = request.trace
            return order
        } catch {
            throw APIError(error)
        }
    }

    static func fingerprint(_ body: [UInt8], wait: Bool) -> String {
        SHA256.hexadecimal(body) + (wait ? "" : " wait=false")
    }

    func runAndWait(_ order: RunOrder) async -> HTTPResponse {
        do throws(RequestError) {
            let task = try desk.start(order).task
            let ended = await withTaskCancellationHandler {
                await task.value
            } onCancel: {
                task.cancel()
            }
            return ended.httpResponse
        } catch {
            return APIError(error).response
        }
    }

    func queue(_ order: RunOrder) async -> HTTPResponse {
        do throws(RequestError) {
            return Self.queued(try await desk.startInBackground(order).id).httpResponse
        } catch {
            return APIError(error).response
        }
    }

    static func queued(_ id: RunID) -> StoredResponse {
        StoredResponse(status: 202, body: object(("id", id.description), ("status", "queued")))
    }

    /// The events of a run as they happen.
    ///
    /// Without a key the run ends with its client; with one it goes on, and a repeat follows the same run.
    private func stream(
        _ order: RunOrder, key: String?, format: EventFormat
    ) async throws(APIError) -> HTTPResponse {
        guard let key else {
            let started: RunDesk.Started
            do throws(RequestError) { started = try desk.start(order) } catch { throw APIError(error) }
            guard let feed = started.feed else { throw Self.notFound("run") }
            let body = EventStreamBody(feed, format: format, paces: true) { started.task.cancel() }
            return .events(body, format)
        }
        var order = order
        order.options.streams = false
        order.audience = .nobody
        let response = try await submitOnce(
            order, key: key, fingerprint: Self.fingerprint(order.body, wait: false))
        guard response.status == 202, let id = Self.runID(in: response) else { return response }
        return try await follow(id, after: 0, format: format, for: order.principal)
    }

    private static let streamsAndDoesNotWait = APIError(
        RequestError(
            .invalidValue,
            "stream: true and ?wait=false exclude each other; GET /v1/runs/{id}/events follows a run later",
            field: "stream"))
}
