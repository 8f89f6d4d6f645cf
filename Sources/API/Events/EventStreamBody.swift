internal import Domain
internal import JSON
internal import Synchronization

/// How events are written.
enum EventFormat: Sendable {
    /// `text/event-stream`
    case serverSent
    /// `application/x-ndjson`: one object a line, with `event` and `number` before the data's own members.
    case lines

    static func of(_ headers: HTTPHeaders) -> EventFormat {
        (headers["accept"] ?? "").lowercased().contains("application/x-ndjson") ? .lines : .serverSent
    }

    var contentType: String {
        switch self {
        case .serverSent: "text/event-stream"
        case .lines: "application/x-ndjson"
        }
    }

    var beat: [UInt8] { Array((self == .serverSent ? ":\n\n" : "\n").utf8) }

    func append(_ event: FeedEvent, to bytes: inout [UInt8]) {
        append(event.name, number: event.number, data: event.data, to: &bytes)
    }

    /// Tells of events that are not kept any more.
    func append(missed: Int, before number: Int, to bytes: inout [UInt8]) {
        append("missed", number: number - 1, data: Array(#"{"events":\#(missed)}"#.utf8), to: &bytes)
    }

    private func append(_ name: StaticString, number: Int, data: [UInt8], to bytes: inout [UInt8]) {
        switch self {
        case .serverSent:
            bytes += "id: \(number)\nevent: \(name)\ndata: ".utf8
            bytes += data
            bytes += [0x0a, 0x0a]
        case .lines:
            bytes += #"{"event":"\#(name)","number":\#(number)"#.utf8
            if data.count > 2 { bytes.append(UInt8(ascii: ",")) }
            bytes += data.dropFirst()
            bytes.append(0x0a)
        }
    }
}

/// A run's events, as the body of an answer.
final class EventStreamBody: HTTPBodyStream {
    private let feed: EventFeed
    private let format: EventFormat
    private let reader: Int
    private let paces: Bool
    private let whenGone: (@Sendable () -> Void)?
    private let position: Mutex<(read: Int, isOver: Bool)>

    /// `whenGone`: What happens when the client goes before the end.
    init(
        _ feed: EventFeed, after number: Int = 0, format: EventFormat, paces: Bool = false,
        whenGone: (@Sendable () -> Void)? = nil
    ) {
        self.feed = feed
        self.format = format
        self.paces = paces
        self.whenGone = whenGone
        reader = feed.enter()
        position = Mutex((number, false))
    }

    func next() async -> [UInt8]? {
        let (read, isOver) = position.withLock { $0 }
        guard !isOver else { return nil }
        if paces { feed.hasRead(read) }
        switch await feed.next(after: read, reader: reader) {
        case .ended:
            feed.leave(reader, paces: paces)
            return nil
        case .beat: return format.beat
        case .events(let events, let missed):
            guard let first = events.first, let last = events.last else { return format.beat }
            var bytes: [UInt8] = []
            if missed > 0 { format.append(missed: missed, before: first.number, to: &bytes) }
            for event in events { format.append(event, to: &bytes) }
            position.withLock { $0.read = last.number }
            return bytes
        }
    }

    func cancel() {
        let wasOver = position.withLock { position in
            defer { position.isOver = true }
            return position.isOver
        }
        guard !wasOver else { return }
        feed.leave(reader, paces: paces)
        whenGone?()
    }
}

extension HTTPResponse {
    /// An answer that is made of events as they happen.
    static func events(_ body: EventStreamBody, _ format: EventFormat) -> HTTPResponse {
        var response = HTTPResponse(
            status: 200,
            headers: HTTPHeaders([
                "Content-Type": format.contentType, "Cache-Control": "no-store",
                "X-Content-Type-Options": "nosniff", "X-Accel-Buffering": "no",
            ]), body: [])
        response.body = .stream(body)
        return response
    }
}
