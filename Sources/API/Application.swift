package import Domain
internal import JSON
internal import Synchronization
package import Telemetry

/// The HTTP API without its transport: a request in, a response out.
///
/// It owns the runs that it starts. A run whose client waits for it ends with its client; a run that was
/// begun with `wait=false` or an Idempotency-Key goes on, until ``shutDown(grace:patience:)``.
package final class Application: Sendable {
    let runner: any Runner
    let idempotency: any IdempotencyStore
    let decoder: RunRequestDecoder
    let registry: RunRegistry
    let owner = TaskOwner()
    let keyed: KeyedRequests
    let log: Log
    private let languages: any LanguageDirectory
    private let version: String
    private let accessLog: AccessLog
    private let draining = Atomic(false)

    package init(
        runner: any Runner, idempotency: any IdempotencyStore, languages: any LanguageDirectory, log: Log,
        configuration: ApplicationConfiguration = ApplicationConfiguration()
    ) {
        self.runner = runner
        self.idempotency = idempotency
        self.languages = languages
        self.log = log
        decoder = RunRequestDecoder(maxima: configuration.maxima, languages: languages)
        registry = RunRegistry(
            mostUnderWay: configuration.mostRunsUnderWay, mostEnded: configuration.mostRunsRemembered,
            mostBytes: configuration.mostBytesRemembered)
        keyed = KeyedRequests(owner: owner)
        version = configuration.version
        accessLog = AccessLog(log: log)
    }

    package var isDraining: Bool { draining.load(ordering: .relaxed) }

    /// Refuses new runs from now on; everything else is still answered.
    package func drain() {
        draining.store(true, ordering: .relaxed)
        runner.drain()
    }

    /// Drains, waits for the runs under way, and cancels those that outlast the grace.
    ///
    /// - Parameters:
    ///   - grace: How long the runs may go on.
    ///   - patience: How long cancelled runs may take to end before they are given up.
    /// - Returns: Whether all have ended.
    @discardableResult
    package func shutDown(grace: Duration, patience: Duration = .seconds(5)) async -> Bool {
        drain()
        return await owner.shutDown(grace: grace, afterCancelling: patience)
    }

    /// Answers one request.
    ///
    /// Cancelling the task cancels the run that the request waits for.
    package func respond(to request: HTTPRequest) async -> HTTPResponse {
        let start = accessLog.isOn ? ContinuousClock.now : nil
        let id = RequestIdentifier.choose(request.headers)
        var response: HTTPResponse
        do throws(APIError) {
            response = try await answer(request)
        } catch {
            response = error.response
        }
        response.headers.append(RequestIdentifier.header, id)
        if let start { accessLog.note(request, response, id: id, took: .now - start) }
        return response
    }

    private func answer(_ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        guard let resource = Resource(path: request.path) else { throw Self.notFound("path") }
        guard resource.methods.contains(request.method) else {
            throw .methodNotAllowed(request.method, allowed: resource.methods)
        }
        if !resource.readsQuery { try QueryReader.check(request.query, known: []) }
        switch resource {
        case .runs: return try await submit(request)
        case .run(let id) where request.method == "DELETE": return try cancel(id)
        case .run(let id): return try find(id)
        case .environments where request.method == "POST": return try await makeEnvironment(request)
        case .environments where request.method == "DELETE": return try await collectEnvironments(request)
        case .environments: return try await listEnvironments(request)
        case .environment(let id) where request.method == "DELETE":
            return try await removeEnvironment(id, request)
        case .environment(let id): return try await showEnvironment(id, request)
        case .languages: return .json(200, LanguageListing.encode(languages.listing))
        case .version: return .json(200, Self.object(("name", "diatom"), ("version", version)))
        case .health: return .json(200, Self.object(("status", "ok")))
        case .readiness:
            guard !isDraining else { throw APIError(.draining) }
            return .json(200, Self.object(("status", "ready")))
        }
    }

    private func find(_ id: RunID) throws(APIError) -> HTTPResponse {
        switch registry.find(id) {
        case nil: throw Self.notFound("run")
        case .underWay: return .json(200, Self.object(("id", id.description), ("status", "running")))
        case .finished(let response): return .json(response.status, response.body)
        }
    }

    private func cancel(_ id: RunID) throws(APIError) -> HTTPResponse {
        switch registry.cancel(id) {
        case nil: throw Self.notFound("run")
        case .underWay: return .json(202, Self.object(("id", id.description), ("status", "cancelling")))
        case .finished:
            throw APIError(RequestError(.conflict, "run: has ended already and cannot be cancelled"))
        }
    }

    private static func notFound(_ what: String) -> APIError {
        APIError(
            RequestError(
                .notFound,
                what == "run"
                    ? "run: none of this id is known here (the last ones that ended are)"
                    : "path: nothing is here"))
    }

    /// A JSON object of strings.
    static func object(_ members: (StaticString, String)...) -> [UInt8] {
        var writer = JSONWriter(capacity: 128)
        writer.beginObject()
        for (name, value) in members {
            writer.name(name)
            writer.value(value)
        }
        writer.endObject()
        return writer.bytes
    }
}

extension RequestError {
    package static let draining = RequestError(
        .draining, "the service is about to stop and takes no new runs; try again in a moment")
}
