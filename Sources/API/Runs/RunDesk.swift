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
    private let observe: (@Sendable (RunResult) -> Void)?

    init(
        runner: any Runner, owner: TaskOwner, registry: RunRegistry, recorder: RunRecorder,
        observe: (@Sendable (RunResult) -> Void)?
    ) {
        self.runner = runner
        self.owner = owner
        self.registry = registry
        self.recorder = recorder
        self.observe = observe
    }

    /// How a run ended for its client.
    enum Ended: Sendable {
        case ran([UInt8])
        /// Nothing ran.
        case refused(APIError)

        var stored: StoredResponse {
            switch self {
            case .ran(let body): StoredResponse(status: 200, body: body)
            case .refused(let error): StoredResponse(status: error.status, body: error.body)
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
        var feed: RunFeed?
    }

    /// Starts a run on the calling thread, which goes on when the run first waits.
    func start(_ order: RunOrder, id: RunID = .now()) throws(RequestError) -> Started {
        let feed = order.isFollowed ? RunFeed(isPaced: order.options.streams) : nil
        try registry.begin(id, key: order.principal.key, feed: feed)
        let task = owner.startHere { await self.execute(order, id: id, feed: feed) }
        registry.attach(id) { task.cancel() }
        return Started(id: id, task: task, feed: feed)
    }

    private func execute(_ order: RunOrder, id: RunID, feed: RunFeed?) async -> Ended {
        await recorder.begin(order, id: id)
        let events = feed.map { RunEventEncoder(feed: $0, language: order.request.language) }
        var observer: RunObserver?
        if let events { observer = { await events.take($0) } }
        let ended: Ended
        do throws(RequestError) {
            let result = try await runner.run(order.request, id: id, observer: observer)
            let answer = RunResultEncoder.encode(result)
            await recorder.end(order, result, answer: answer)
            observe?(result)
            await events?.finish(result)
            ended = .ran(answer)
        } catch {
            let error = APIError(error)
            await recorder.refuse(order, id: id, error)
            events?.fail(error)
            ended = .refused(error)
        }
        registry.finish(id, ended.stored, keepsEvents: order.isBackground)
        return ended
    }

    /// Lets those who follow runs hear that their connections are alive; called every few seconds.
    func beat() { registry.beat() }
}
