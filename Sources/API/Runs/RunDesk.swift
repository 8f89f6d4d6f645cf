internal import Domain
internal import JSON
internal import Synchronization
internal import Telemetry

/// Takes orders for runs, sees them through, and knows those that are under way.
final class RunDesk: Sendable {
    let registry: RunRegistry
    let owner: TaskOwner
    let recorder: RunRecorder
    private let runner: any Runner
    private let cache: AnswerCache
    private let metrics: ServiceMetrics
    private let spans: (any SpanSink)?

    init(
        runner: any Runner, owner: TaskOwner, registry: RunRegistry, recorder: RunRecorder,
        results: (any ResultCache)?, metrics: ServiceMetrics, spans: (any SpanSink)? = nil
    ) {
        self.spans = spans
        cache = AnswerCache(results: results, runner: runner, log: recorder.log, metrics: metrics)
        self.metrics = metrics
        self.runner = runner
        self.owner = owner
        self.registry = registry
        self.recorder = recorder
    }

    /// How a run ended for its client.
    enum Ended: Sendable {
        case ran([UInt8])
        /// Nothing ran.
        case refused(APIError)

        var stored: StoredResponse {
            switch self {
            case .ran(let body): StoredResponse(status: 200, body: body)
            case .refused(let error): error.stored
            }
        }

        var httpResponse: HTTPResponse {
            switch self {
            case .ran(let body): .json(200, body)
            case .refused(let error): error.response
            }
        }
    }

    /// A run that has been taken on.
    struct Started: Sendable {
        var id: RunID
        var task: Task<Ended, Never>
        /// Its events, where somebody may follow them.
        var feed: EventFeed?
    }

    /// Starts a run that nobody waits for, once it is in the history: who is told its id finds it again, whatever happens.
    func startInBackground(_ order: RunOrder) async throws(RequestError) -> Started {
        let id = RunID.now()
        await recorder.begin(order, id: id)
        do throws(RequestError) { return try start(order, id: id) } catch {
            await recorder.refuse(order, id: id, APIError(error), isTold: true)
            throw error
        }
    }

    /// Starts a run on the calling thread, which goes on when the run first waits.
    func start(_ order: RunOrder, id: RunID = .now()) throws(RequestError) -> Started {
        let feed = order.isFollowed ? EventFeed(isPaced: order.options.streams) : nil
        try registry.begin(id, key: order.principal.key, feed: feed)
        let task = owner.startHere { await self.execute(order, id: id, feed: feed) }
        registry.attach(id) { task.cancel() }
        return Started(id: id, task: task, feed: feed)
    }

    private func execute(_ order: RunOrder, id: RunID, feed: EventFeed?) async -> Ended {
        let events = feed.map { RunEventEncoder(feed: $0, language: order.request.language) }
        var observer: RunObserver?
        if let events { observer = { await events.take($0) } }
        if let cached = await cache.answer(order, id: id) {
            await recorder.end(order, cached)
            let ended = Ended.ran(cached.body)
            close(id, ended, order)
            feed?.end("finished", cached.body)
            return ended
        }
        let ended: Ended
        let begun = ContinuousClock.now
        let beganAt = WallClock.now()
        do throws(RequestError) {
            let result = try await runner.run(order.request, id: id, observer: observer)
            metrics.note(result, took: .now - begun)
            trace(result, of: order, began: beganAt)
            let answer = RunResultEncoder.encode(result)
            await recorder.end(order, result, answer: answer)
            ended = .ran(answer)
            await cache.keep(answer, of: order, result)
            close(id, ended, order)
            await events?.finish(result)
        } catch {
            let error = APIError(error)
            metrics.note(refused: error)
            await recorder.refuse(order, id: id, error)
            ended = .refused(error)
            close(id, ended, order)
            events?.fail(error)
        }
        return ended
    }

    private func trace(_ result: RunResult, of order: RunOrder, began: Int64) {
        guard let spans, let trace = order.trace, trace.isSampled else { return }
        for span in RunSpans.of(result, in: trace, began: began, ended: WallClock.now()) { spans.take(span) }
    }

    /// Before its followers hear that it has ended: who then asks for its result finds it.
    private func close(_ id: RunID, _ ended: Ended, _ order: RunOrder) {
        registry.finish(id, ended.stored, keepsEvents: order.isBackground)
    }

    /// Lets those who follow runs hear that their connections are alive; called every few seconds.
    func beat() { registry.beat() }
}
