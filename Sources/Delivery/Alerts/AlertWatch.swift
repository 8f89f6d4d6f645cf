internal import Domain
package import Telemetry

/// Looks at the service every few seconds, and tells the operator when something is wrong.
package final class AlertWatch: Sendable {
    private static let interval: Duration = .seconds(15)
    private static let pauses: [Duration] = [.zero, .seconds(5), .seconds(30), .seconds(120)]

    private let thresholds: AlertThresholds
    private let channels: [AlertChannel]
    private let host: String
    private let couriers: Couriers
    private let log: Log
    private let sign: @Sendable ([UInt8]) -> [UInt8]
    private let read: @Sendable () -> ServiceReading

    /// Each of `channels` is told of everything that `read`, called every fifteen seconds, gives cause for.
    ///
    /// `host`: How this machine is called in what is told. `sign`: By the key for webhooks.
    package init(
        _ thresholds: AlertThresholds, channels: [AlertChannel], host: String, couriers: Couriers, log: Log,
        sign: @escaping @Sendable ([UInt8]) -> [UInt8], read: @escaping @Sendable () -> ServiceReading
    ) {
        self.thresholds = thresholds
        self.channels = channels
        self.host = host
        self.couriers = couriers
        self.log = log
        self.sign = sign
        self.read = read
    }

    /// Works until its task is cancelled.
    package func run() async {
        var book = AlertBook(thresholds)
        while (try? await Task.sleep(for: Self.interval)) != nil {
            couriers.tidy()
            for alert in book.judge(read(), now: WallClock.now()) {
                log(
                    alert.state == .firing ? .error : .info, "alert_\(alert.state.rawValue)",
                    ["alert": alert.name.rawValue, "what": alert.summary])
                // A channel that is slow must not hold up the next reading.
                for channel in channels { Task { await self.tell(alert, channel) } }
            }
        }
    }

    private func tell(_ alert: Alert, _ channel: AlertChannel) async {
        var last = ""
        for pause in Self.pauses {
            guard (try? await Task.sleep(for: pause)) != nil else { return }
            guard let problem = await send(alert, by: channel) else { return }
            last = problem
        }
        log(.error, "alert_undelivered", ["channel": channel.description, "why": last])
    }

    /// Tells every channel something that is not so.
    ///
    /// - Returns: What each came to; nil where it arrived.
    package func test() async -> [(channel: String, problem: String?)] {
        let alert = Alert(
            name: .store, state: .test, summary: "this is a test, and nothing is wrong",
            since: WallClock.now())
        var told: [(String, String?)] = []
        for channel in channels { told.append((channel.description, await send(alert, by: channel))) }
        return told
    }

    private func send(_ alert: Alert, by channel: AlertChannel) async -> String? {
        switch await couriers.send(channel.request(alert, host: host, now: WallClock.now(), sign: sign)) {
        case .status(let status, _) where (200..<300).contains(status): nil
        case .status(let status, _): "the answer was \(status)"
        case .failed(let why): why
        }
    }
}
