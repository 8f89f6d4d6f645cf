internal import Domain
internal import JSON

/// `/v1/runs/batch`: many runs in one request, each as if it had been sent alone.
extension Application {
    private static let mostRuns = 256

    func submitBatch(_ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        guard !isDraining else { throw APIError(.draining) }
        try ContentRules.requireJSON(request.headers)
        try QueryReader.check(request.query, known: ["wait"])
        let wait = try QueryReader.flag("wait", in: request.query, default: true)
        let key = try IdempotencyKey.read(request.headers)
        let bodies = try Self.split(request.body)
        let answers = await withTaskGroup(of: (Int, StoredResponse).self) { group in
            for (index, body) in bodies.enumerated() {
                group.addTask {
                    let itemKey = key.map { "\($0) [\(index)]" }
                    return (index, await self.answer(body, of: request, key: itemKey, wait: wait))
                }
            }
            return await group.reduce(into: [StoredResponse?](repeating: nil, count: bodies.count)) {
                $0[$1.0] = $1.1
            }
        }
        return .json(wait ? 200 : 202, Self.join(answers.compactMap { $0 }))
    }

    /// One run of a batch; what is wrong with it is its own answer.
    private func answer(
        _ body: [UInt8], of request: HTTPRequest, key: String?, wait: Bool
    ) async -> StoredResponse {
        do throws(APIError) {
            var order = try order(body, of: request)
            guard !order.options.streams else { throw Self.streamsInBatch }
            if !wait { order.audience = .nobody }
            let response: HTTPResponse
            if let key {
                let print = Self.fingerprint(body, wait: wait)
                response = try await submitOnce(order, key: key, fingerprint: print)
            } else {
                response = wait ? await runAndWait(order) : await queue(order)
            }
            return StoredResponse(status: response.status, body: response.body.bytes)
        } catch {
            return error.stored
        }
    }

    private static func split(_ body: [UInt8]) throws(APIError) -> [[UInt8]] {
        do throws(RequestError) {
            let reader = try ObjectReader(try JSONParser.parse(body), path: "", known: ["runs"])
            guard let runs = try reader.array("runs", most: mostRuns), !runs.isEmpty else {
                throw reader.error(.invalidValue, "runs", "is missing or empty; give a list of run requests")
            }
            return runs.map { run in
                var writer = JSONWriter()
                writer.value(run)
                return writer.bytes
            }
        } catch {
            throw APIError(error)
        }
    }

    /// Answers as they are, in the order of the request: a result, a queued run, or an error.
    private static func join(_ answers: [StoredResponse]) -> [UInt8] {
        var writer = JSONWriter(capacity: answers.reduce(64) { $0 + $1.body.count + 1 })
        writer.beginObject()
        writer.name("runs")
        writer.beginArray()
        for answer in answers { writer.value(json: answer.body) }
        writer.endArray()
        writer.endObject()
        return writer.bytes
    }

    private static let streamsInBatch = APIError(
        RequestError(
            .invalidValue, "stream: true is not possible in a batch; follow each run by its events",
            field: "stream"))
}
