internal import Domain
internal import JSON

/// What became of the deliveries of results.
extension Application {
    func showDelivery(_ id: RunID, _ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        guard let webhooks = records.webhooks else { throw Self.keepsNoHistory }
        let delivery = try await answering { () async throws(StorageFailure) in
            try await webhooks.store.delivery(of: id)
        }
        guard let delivery, request.principal.mayRead(delivery.key) else {
            throw APIError(RequestError(.notFound, "run: none of this id that has a webhook is known here"))
        }
        return .json(200, Self.encode(delivery))
    }

    private static func encode(_ delivery: WebhookDelivery) -> [UInt8] {
        var writer = JSONWriter(capacity: 512)
        writer.beginObject()
        writer.member("run", delivery.run.description)
        writer.member("url", delivery.url)
        writer.member("state", delivery.state.rawValue)
        writer.member("attempts", delivery.attempts)
        writer.member("last_status", delivery.lastStatus)
        writer.member("last_problem", delivery.lastProblem)
        writer.member("next_attempt_at", delivery.due.map(Timestamp.format))
        writer.member("finished_at", delivery.finished.map(Timestamp.format))
        writer.member("created_at", Timestamp.format(delivery.created))
        writer.endObject()
        return writer.bytes
    }
}
