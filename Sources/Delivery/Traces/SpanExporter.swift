internal import Domain
internal import Synchronization
package import Telemetry

/// Sends spans to a collector by OTLP over HTTP, many at a time.
///
/// Nobody waits for it: spans that come while too many wait, or that no collector takes, are dropped and counted.
package final class SpanExporter: SpanSink {
    private static let mostWaiting = 8_192
    private static let mostOfOne = 512
    private static let interval: Duration = .seconds(5)
    private static let attempts = 4

    private struct State {
        var waiting: [Span] = []
        var dropped = 0
        var isStopped = false
    }

    private let url: String
    private let headers: [(name: String, value: String)]
    private let share: Double
    private let version: String
    private let couriers: Couriers
    private let log: Log
    private let state = Mutex(State())
    private let bell = Bell()

    /// Sends to the collector at `url`, which has its path (`/v1/traces` mostly), with `headers` such as a token.
    ///
    /// `share`: Of the traces that begin here, from 0 to 1.
    package init(
        url: String, headers: [(name: String, value: String)], share: Double, version: String,
        couriers: Couriers, log: Log
    ) {
        self.url = url
        self.headers = headers
        self.share = share
        self.version = version
        self.couriers = couriers
        self.log = log
    }

    /// Spans that no collector got.
    package var dropped: Int { state.withLock { $0.dropped } }

    package func samples() -> Bool { share >= 1 || .random(in: 0..<1) < share }

    package func take(_ span: Span) {
        let isFull = state.withLock { state in
            guard state.waiting.count < Self.mostWaiting else {
                state.dropped += 1
                return false
            }
            state.waiting.append(span)
            return state.waiting.count == Self.mostOfOne
        }
        if isFull { bell.ring() }
    }

    package func run() async {
        while !state.withLock({ $0.isStopped }) {
            await bell.wait(for: Self.interval)
            await sendAll()
        }
    }

    /// Sends what waits, once, and ends.
    package func stop() async {
        state.withLock { $0.isStopped = true }
        bell.ring()
        await sendAll(attempts: 1)
    }

    private func sendAll(attempts: Int = SpanExporter.attempts) async {
        while true {
            let spans = state.withLock { state in
                let spans = Array(state.waiting.prefix(Self.mostOfOne))
                state.waiting.removeFirst(spans.count)
                return spans
            }
            guard !spans.isEmpty else { return }
            guard await !send(spans, attempts: attempts) else { continue }
            state.withLock { $0.dropped += spans.count }
        }
    }

    private func send(_ spans: [Span], attempts: Int) async -> Bool {
        var request = OutboundRequest(url: url, body: SpanEncoder.encode(spans, version: version))
        if attempts == 1 { request.timeout = .seconds(3) }
        request.headers = [("Content-Type", "application/json")] + headers
        for attempt in 1...attempts {
            let answer = await couriers.send(request)
            if case .status(let status, _) = answer {
                if (200..<300).contains(status) { return true }
                // OTLP: only these are worth another attempt.
                guard [429, 502, 503, 504].contains(status) else {
                    log(.warning, "spans_refused", ["collector": url, "status": "\(status)"])
                    return false
                }
            }
            guard attempt < attempts, !state.withLock({ $0.isStopped }) else {
                log(
                    .warning, "spans_undelivered",
                    ["collector": url, "spans": "\(spans.count)", "why": "\(answer)"])
                return false
            }
            try? await Task.sleep(for: .seconds(1 << attempt))
        }
        return false
    }
}
