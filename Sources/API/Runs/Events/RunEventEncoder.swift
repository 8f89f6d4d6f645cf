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
    private let remainders = Mutex<[RunEvent.Output.Stream: [UInt8]]>([:])

    init(feed: EventFeed, language: String?) {
        self.feed = feed
        self.language = language
    }

    func take(_ event: RunEvent) async {
        switch event.payload {
        case .preparing(let words): await feed.send("preparing", Self.object { $0.member("message", words) })
        case .prepared(let hash): await feed.send("prepared", Self.object { $0.member("environment", hash) })
        case .started(let started): await feed.send("started", encode(started, of: event))
        case .output(let output): await send(output)
        case .result(let shown):
            await flush()
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
        case .finished: await flush()
        }
    }

    /// The end: `finished` with all that the events before did not say, or `error` where nothing ran.
    func finish(_ result: RunResult) async {
        await flush()
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

    private func send(_ output: RunEvent.Output) async {
        let text = remainders.withLock { remainders in
            var bytes = remainders.removeValue(forKey: output.stream) ?? []
            bytes += output.bytes
            let rest = UTF8Tail.length(of: bytes)
            if rest > 0 { remainders[output.stream] = Array(bytes.suffix(rest)) }
            return Array(bytes.dropLast(rest))
        }
        await send(text, output.stream)
    }

    private func flush() async {
        for stream in [RunEvent.Output.Stream.stdout, .stderr] {
            let rest = remainders.withLock { $0.removeValue(forKey: stream) } ?? []
            await send(rest, stream)
        }
    }

    private func send(_ text: [UInt8], _ stream: RunEvent.Output.Stream) async {
        guard !text.isEmpty else { return }
        let data = Self.object {
            $0.name("text")
            $0.text(text)
        }
        switch stream {
        case .stdout: await feed.send("stdout", data)
        case .stderr: await feed.send("stderr", data)
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

/// The end of a piece of UTF-8 that may be the beginning of a character.
enum UTF8Tail {
    /// How many bytes at the end begin a character and do not finish it: 0 to 3.
    static func length(of bytes: [UInt8]) -> Int {
        for back in 1...3 where back <= bytes.count {
            let byte = bytes[bytes.count - back]
            if byte & 0b1100_0000 == 0b1000_0000 { continue }
            let whole = byte >= 0b1111_0000 ? 4 : byte >= 0b1110_0000 ? 3 : byte >= 0b1100_0000 ? 2 : 1
            return whole > back ? back : 0
        }
        return 0
    }
}
