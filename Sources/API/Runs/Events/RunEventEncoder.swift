internal import Domain
internal import JSON
internal import Synchronization

/// Puts a run's events into its feed, as JSON.
///
/// Output comes from pipes in pieces that may end inside a character; what is incomplete waits for the rest, so
/// that text stays text.
final class RunEventEncoder: Sendable {
    private let feed: EventFeed
    private let language: String?
    private let output: OutputEncoder

    init(feed: EventFeed, language: String?) {
        self.feed = feed
        self.language = language
        output = OutputEncoder(feed)
    }

    func take(_ event: RunEvent) async {
        switch event.payload {
        case .preparing(let words): await feed.send("preparing", Self.object { $0.member("message", words) })
        case .prepared(let hash): await feed.send("prepared", Self.object { $0.member("environment", hash) })
        case .started(let started): await feed.send("started", encode(started, of: event))
        case .output(let printed): await output.send(printed)
        case .result(let shown):
            await output.flush()
            await feed.send("result", RunResultEncoder.encode(shown))
        case .file(let file): await feed.send("file", RunResultEncoder.encode(file))
        case .filesLeftOut(let count, let reason):
            await feed.send(
                "files_left_out",
                Self.object {
                    $0.name("count")
                    $0.value(count)
                    $0.member("reason", reason)
                })
        case .denied(let denial): await feed.send("denied", NetworkEncoder.encode(denial))
        case .compiled(let compile): await feed.send("compiled", RunResultEncoder.encode(compile))
        case .tested(let result): await feed.send("test", RunResultEncoder.encode(test: result))
        case .finished: await output.flush()
        }
    }

    /// The end: `finished` with all that the events before did not say, or `error` where nothing ran.
    func finish(_ result: RunResult) async {
        await output.flush()
        feed.end("finished", RunResultEncoder.encode(result, .withoutStreamed))
    }

    func fail(_ error: APIError) { feed.end("error", error.body) }

    private func encode(_ started: RunEvent.Started, of event: RunEvent) -> [UInt8] {
        Self.object {
            $0.member("id", event.run.description)
            $0.member("step", started.step.rawValue)
            $0.member("language", language)
            $0.name("receipt")
            RunResultEncoder.write(started.receipt, to: &$0)
            $0.member("time", Timestamp.format(event.time))
        }
    }

    private static func object(_ fill: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter(capacity: 256)
        writer.beginObject()
        fill(&writer)
        writer.endObject()
        return writer.bytes
    }
}
