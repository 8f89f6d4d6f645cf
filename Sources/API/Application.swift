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
    let owner = TaskOwner()
    let desk: RunDesk
    let sessionDesk: SessionDesk
    let keyed: KeyedRequests
    let log: Log
    let records: ServiceRecords
    let languages: any LanguageDirectory
    /// Who may do what.
    package let access: AccessControl
    let version: String
    /// What does not work as it should, besides the store.
    let troubles: @Sendable () -> [(part: String, why: String)]
    /// Who wants to know what took how long; nil where nobody does.
    private let spans: (any SpanSink)?
    package let metrics = ServiceMetrics()
    private let accessLog: AccessLog
    private let crossOrigin: CrossOrigin
    private let draining = Atomic(false)

    var history: (any RunHistory)? { records.history }

    package init(
        runner: any Runner, idempotency: any IdempotencyStore, languages: any LanguageDirectory, log: Log,
        records: ServiceRecords = ServiceRecords(), access: AccessControl? = nil,
        spans: (any SpanSink)? = nil,
        troubles: @escaping @Sendable () -> [(part: String, why: String)] = { [] },
        configuration: ApplicationConfiguration = ApplicationConfiguration()
    ) {
        self.spans = spans
        self.troubles = troubles
        self.runner = runner
        self.idempotency = idempotency
        self.languages = languages
        self.log = log
        decoder = RunRequestDecoder(
            maxima: configuration.maxima, languages: languages, webhooks: records.webhooks)
        self.records = records
        self.access = access ?? AccessControl(keys: records.keys, hasKeys: false)
        sessionDesk = SessionDesk(owner: owner)
        desk = RunDesk(
            runner: runner, owner: owner,
            registry: RunRegistry(
                mostUnderWay: configuration.mostRunsUnderWay, mostEnded: configuration.mostRunsRemembered,
                mostBytes: configuration.mostBytesRemembered),
            recorder: RunRecorder(
                history: records.history, audit: records.audit, webhooks: records.webhooks, log: log),
            results: records.results, metrics: metrics, spans: spans)
        keyed = KeyedRequests(owner: owner)
        version = configuration.version
        accessLog = AccessLog(log: log)
        crossOrigin = CrossOrigin(origins: configuration.origins)
        addGauges()
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
        let start = ContinuousClock.now
        let id = RequestIdentifier.choose(request.headers)
        let match = Self.router.match(request.method, request.path)
        let trace = RequestTrace(request.headers, spans)
        var response: HTTPResponse
        if let preflight = crossOrigin.preflight(request) {
            response = preflight
        } else {
            var request = request
            request.trace = trace?.context
            do throws(APIError) { response = try await answer(request, match) } catch {
                response = error.response
            }
        }
        crossOrigin.mark(&response, for: request)
        response.headers.append(RequestIdentifier.header, id)
        if let trace {
            trace.end(request, match, response, spans)
            response.headers.append("traceresponse", trace.context.header)
        }
        let took = ContinuousClock.now - start
        metrics.note(match.operation, request.method, response.status, took: took)
        if accessLog.isOn { accessLog.note(request, response, id: id, took: took) }
        return response
    }

    /// An answer to a request that was refused before it came here, with what a browser wants to know of it.
    package func marked(_ refusal: HTTPResponse, for request: HTTPRequest) -> HTTPResponse {
        var response = refusal
        crossOrigin.mark(&response, for: request)
        return response
    }

    private func answer(
        _ request: HTTPRequest, _ match: Router.Match
    ) async throws(APIError) -> HTTPResponse {
        if access.isOpen, request.transport != .unix { try BrowserRules.check(request) }
        switch match {
        case .nothing: throw Self.notFound("path")
        case .otherMethods(let methods): throw .methodNotAllowed(request.method, allowed: methods)
        case .route(let route, let parameters):
            var request = request
            if let scope = route.scope {
                request.principal = try await access.principal(of: request)
                guard request.principal.may(scope) else { throw await refuse(route, scope, request) }
            }
            if !route.readsQuery { try QueryReader.check(request.query, known: []) }
            return try await route.handler(self, request, parameters)
        }
    }

    /// What a key may not do is worth knowing of.
    private func refuse(_ route: Route, _ scope: KeyScope, _ request: HTTPRequest) async -> APIError {
        await note(.accessDenied, level: .warning, subject: route.operation, by: request.principal)
        return APIError(
            RequestError(.forbidden, "the key has not the scope '\(scope.rawValue)' that this needs"))
    }

    private static let router = Router(Routes.all)

    static func notFound(_ what: String) -> APIError {
        let message =
            switch what {
            case "path": "path: nothing is here"
            case "run": "run: none of this id is known here"
            default: "\(what): there is none of this name here"
            }
        return APIError(RequestError(.notFound, message))
    }

    /// Tells those who follow runs that their connections are alive; called every few seconds by whoever serves.
    package func beat() {
        desk.beat()
        sessionDesk.beat()
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
