internal import Domain

/// `/v1/environments`: what there is, what is being made, and making and removing it.
extension Application {
    func keeper() throws(APIError) -> any EnvironmentKeeper {
        guard let keeper = runner.environments else {
            throw APIError(RequestError(.unsupported, "environments: this service keeps none"))
        }
        return keeper
    }

    func listEnvironments(_ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        try QueryReader.check(request.query, known: [])
        let keeper = try keeper()
        return try await answering { () async throws(RequestError) in
            let (kept, underWay) = try await keeper.list()
            return .json(200, EnvironmentEncoder.encode(list: kept, underWay: underWay))
        }
    }

    /// Makes an environment; with `wait=false` a build that is begun is answered with 202.
    func makeEnvironment(_ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        guard !isDraining else { throw APIError(.draining) }
        try ContentRules.requireJSON(request.headers)
        try QueryReader.check(request.query, known: ["wait"])
        let waits = try QueryReader.flag("wait", in: request.query, default: true)
        let keeper = try keeper()
        return try await answering { () async throws(RequestError) in
            let wish = try EnvironmentWishReader.decode(request.body)
            if waits {
                let record = try await keeper.make(wish) { _ in }
                return .json(200, EnvironmentEncoder.encode(.ready(record)))
            }
            let state = try await keeper.begin(wish)
            if case .building = state { return .json(202, EnvironmentEncoder.encode(state)) }
            return .json(200, EnvironmentEncoder.encode(state))
        }
    }

    /// One environment; with `verify=true` every byte of it is read.
    func showEnvironment(_ id: String, _ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        try QueryReader.check(request.query, known: ["verify"])
        let verifies = try QueryReader.flag("verify", in: request.query, default: false)
        let keeper = try keeper()
        return try await answering { () async throws(RequestError) in
            guard let state = try await keeper.find(id) else { throw Self.unknownEnvironment }
            if case .failed(let error) = state { throw error }
            guard verifies, case .ready(let record) = state else {
                return .json(200, EnvironmentEncoder.encode(state))
            }
            guard let condition = try await keeper.verify(record.hash) else { throw Self.unknownEnvironment }
            return .json(200, EnvironmentEncoder.encode(record, condition: condition))
        }
    }

    func removeEnvironment(_ id: String, _ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        try QueryReader.check(request.query, known: [])
        let keeper = try keeper()
        return try await answering { () async throws(RequestError) in
            switch try await keeper.remove(id) {
            case .removed:
                await note(.environmentRemoved, subject: id, by: request.principal)
                return .json(200, Self.object(("id", id), ("state", "removed")))
            case .absent: throw Self.unknownEnvironment
            case .inUse:
                throw RequestError(
                    .conflict, "environment: is in use by a run just now; try again when it has ended")
            }
        }
    }

    /// Removes environments and wheels that were used longest ago, down to the operator's bound, or to `most_mb`.
    func collectEnvironments(_ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        try QueryReader.check(request.query, known: ["most_mb"])
        var bound: ByteCount?
        if let text = request.query.first(where: { $0.name == "most_mb" })?.value {
            guard let count = Int(text), (0...1 << 30).contains(count) else {
                throw APIError(
                    RequestError(
                        .invalidValue, "?most_mb: '\(text.prefix(32))', where a whole number was expected",
                        field: "most_mb"))
            }
            bound = .mebibytes(count)
        }
        let keeper = try keeper()
        let most = bound
        return try await answering { () async throws(RequestError) in
            .json(200, EnvironmentEncoder.encode(try await keeper.collect(to: most)))
        }
    }

    private func answering(
        _ body: () async throws(RequestError) -> HTTPResponse
    ) async throws(APIError) -> HTTPResponse {
        do throws(RequestError) { return try await body() } catch { throw APIError(error) }
    }

    private static let unknownEnvironment = RequestError(
        .notFound, "environment: there is none of this id; GET /v1/environments lists what there is")
}
