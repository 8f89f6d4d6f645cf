internal import Domain
internal import Telemetry

/// The trace that a request belongs to: its client's, or one of its own.
struct RequestTrace: Sendable {
    /// The span of the request itself.
    let context: TraceContext
    private let parent: String?
    private let began: Int64

    /// nil where neither the client nor anybody here wants one.
    init?(_ headers: HTTPHeaders, _ sink: (any SpanSink)?) {
        let given = headers.count("traceparent") == 1 ? headers["traceparent"] : nil
        let caller = given.flatMap(TraceContext.init(parsing:))
        guard caller != nil || sink != nil else { return nil }
        began = WallClock.now()
        parent = caller?.span
        context = caller?.child() ?? TraceContext(isSampled: sink?.samples() ?? false)
    }

    func end(_ request: HTTPRequest, _ match: Router.Match, _ response: HTTPResponse, _ sink: (any SpanSink)?)
    {
        guard let sink, context.isSampled else { return }
        var name = request.method.shortened(to: 16)
        var span = Span(name, context, parent: parent, kind: .server, start: began, end: WallClock.now())
        span.add("http.request.method", name)
        if case .route(let route, _) = match {
            name += " " + route.pattern
            span.add("http.route", route.pattern)
        }
        span.name = name
        span.add("http.response.status_code", response.status)
        if response.status >= 500 { span.problem = "\(response.status)" }
        sink.take(span)
    }
}
