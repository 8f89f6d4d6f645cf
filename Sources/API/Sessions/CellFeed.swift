internal import Domain
internal import JSON

/// A cell's events in a feed.
struct CellFeed: Sendable {
    let feed: EventFeed
    private let output: OutputEncoder

    init(_ feed: EventFeed) {
        self.feed = feed
        output = OutputEncoder(feed)
    }

    func take(_ event: CellEvent) async {
        switch event {
        case .output(let printed): return await output.send(printed)
        default: await output.flush()
        }
        switch event {
        case .started(let cell, let context):
            await feed.send(
                "started",
                SessionEncoder.document {
                    $0.member("id", cell)
                    $0.member("context", context)
                })
        case .result(let shown): await feed.send("result", RunResultEncoder.encode(shown))
        case .display(let shown): await feed.send("display", RunResultEncoder.encode(shown))
        case .inputRequest(let asked):
            await feed.send(
                "input_request",
                SessionEncoder.document {
                    $0.member("id", asked.id)
                    $0.member("prompt", asked.prompt)
                    $0.member("password", asked.isPassword)
                })
        case .error(let error):
            var writer = JSONWriter()
            RunResultEncoder.write(error, to: &writer)
            await feed.send("error", writer.bytes)
        case .rolledBack: await feed.send("rolled_back", SessionEncoder.document { _ in })
        case .output: break
        }
    }

    func finish(_ result: CellResult, cell: String) async {
        await output.flush()
        feed.end(
            "finished",
            SessionEncoder.document { SessionEncoder.write(result, cell: cell, withOutput: false, to: &$0) })
    }

    func fail(_ error: APIError) { feed.end("failed", error.body) }
}
