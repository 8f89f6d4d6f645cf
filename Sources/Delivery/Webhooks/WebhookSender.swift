package import Domain
package import Egress
internal import Posix
internal import Synchronization
package import Telemetry

/// Brings what the store has for webhooks to where it is to go, and tries again what did not arrive.
///
/// A delivery may arrive twice (after a crash between its arrival and its being noted), and says the same id then.
package final class WebhookSender: Sendable {
    /// At the same time; of one key fewer, so that somebody's slow receiver holds up nobody else's.
    static let mostAtOnce = 8
    static let mostOfKey = 3
    /// How long a taken delivery is nobody else's: longer than an attempt may take, slow name servers
    /// and all.
    private static let lease: Duration = .seconds(180)
    /// At least so often it is looked whether there is something to do.
    private static let longestSleep: Duration = .seconds(30)
    private static let mostProblem = 300

    private struct State {
        var isStopped = false
        var underWay: [KeyID: Int] = [:]
        var total = 0
    }

    private let store: any DeliveryStore
    private let couriers: Couriers
    private let addresses: ServerAddresses
    private let log: Log
    private let body: @Sendable (WebhookDelivery) async -> [UInt8]?
    private let bell = Bell()
    private let state = Mutex(State())
    package let counts = DeliveryCounts()

    /// `body`: What is sent of a run that was lost with an earlier service.
    package init(
        store: any DeliveryStore, couriers: Couriers, addresses: ServerAddresses, log: Log,
        body: @escaping @Sendable (WebhookDelivery) async -> [UInt8]?
    ) {
        self.store = store
        self.couriers = couriers
        self.addresses = addresses
        self.log = log
        self.body = body
    }

    /// Says that there may be something to send.
    package func ring() { bell.ring() }

    package func stop() {
        state.withLock { $0.isStopped = true }
        bell.ring()
    }

    /// Works until it is stopped; what is under way then is tried again by the next service.
    package func run() async {
        while !state.withLock({ $0.isStopped }) {
            do throws(StorageFailure) { try await takeWhatIsDue() } catch {
                log(.error, "webhooks_unreadable", ["why": error.message])
            }
            await bell.wait(for: await pause())
        }
    }

    private func pause() async -> Duration {
        // Who ends rings; until then there is nothing to take.
        guard state.withLock({ $0.total < Self.mostAtOnce }) else { return Self.longestSleep }
        guard let due = try? await store.nextDue() else { return Self.longestSleep }
        let left = Duration.nanoseconds(max(0, due - WallClock.now()))
        // What is due and was not taken waits for others of its key.
        return min(max(left, .milliseconds(50)), Self.longestSleep)
    }

    private func takeWhatIsDue() async throws(StorageFailure) {
        let room = state.withLock { Self.mostAtOnce - $0.total }
        guard room > 0 else { return }
        let now = WallClock.now()
        let taken = try await store.takeDue(
            now: now, lease: now + Self.lease.inNanoseconds, most: room, mostOfKey: Self.mostOfKey)
        for delivery in taken {
            let isFree = state.withLock { state in
                guard state.underWay[delivery.key, default: 0] < Self.mostOfKey else { return false }
                state.underWay[delivery.key, default: 0] += 1
                state.total += 1
                return true
            }
            guard isFree else {
                var later = delivery
                later.due = now + 1_000_000_000
                try await store.note(later)
                continue
            }
            Task {
                await self.attempt(delivery)
                self.state.withLock { state in
                    state.total -= 1
                    let left = state.underWay[delivery.key, default: 1] - 1
                    state.underWay[delivery.key] = left > 0 ? left : nil
                }
                self.bell.ring()
            }
        }
    }

    private func attempt(_ delivery: WebhookDelivery) async {
        var delivery = delivery
        delivery.attempts += 1
        let answer: OutboundAnswer
        do throws(Failure) { answer = try await post(delivery) } catch { answer = .failed(error.why) }
        note(answer, in: &delivery)
        let noted = delivery
        do throws(StorageFailure) { try await store.note(noted) } catch {
            log(.error, "webhook_unnoted", ["run": "\(delivery.run)", "why": error.message])
        }
    }

    private struct Failure: Error { var why: String }

    private func post(_ delivery: WebhookDelivery) async throws(Failure) -> OutboundAnswer {
        let url: WebURL
        do throws(WebURL.Invalid) { url = try WebURL(parsing: delivery.url) } catch {
            throw Failure(why: "the URL \(error)")
        }
        guard let content = delivery.body != nil ? delivery.body : await body(delivery) else {
            throw Failure(why: "the run's result is gone")
        }
        let address = try await address(of: url)
        var request = OutboundRequest(url: url.description, body: content)
        request.pin = (url.endpoint, address)
        request.headers = [("Content-Type", "application/json"), ("User-Agent", "Diatom-Webhook/1")]
        if let trace = delivery.traceparent { request.headers.append(("traceparent", trace)) }
        request.headers += WebhookSignature.headers(
            id: delivery.run.description, seconds: WallClock.now() / 1_000_000_000, body: content,
            secret: delivery.secret, sign: store.sign)
        return await couriers.send(request)
    }

    /// Looked up for each attempt: where a name leads may change between them.
    private func address(of url: WebURL) async throws(Failure) -> IPAddress {
        // An operator may take it back.
        guard url.scheme == .https || addresses.isExcepted(url.endpoint) else {
            throw Failure(why: "the URL is no https:// URL")
        }
        switch await lookUp(url.endpoint) {
        case .success(let address): return address
        case .failure(.unknownName): throw Failure(why: "\(url.endpoint.host) has no address")
        case .failure(.notPublic):
            throw Failure(why: "\(url.endpoint.host) has no public address, and no other is connected to")
        }
    }

    /// On a thread of its own: a name server that answers slowly holds up nobody else's delivery.
    private func lookUp(
        _ endpoint: NetworkPolicy.Endpoint
    ) async -> Result<IPAddress, ServerAddresses.Refusal> {
        await withCheckedContinuation { continuation in
            startThread(name: "webhook-names") { [addresses] in
                do throws(ServerAddresses.Refusal) {
                    continuation.resume(returning: .success(try addresses.reachable(endpoint)))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
    }

    private func note(_ answer: OutboundAnswer, in delivery: inout WebhookDelivery) {
        let now = WallClock.now()
        var isOver = false
        switch answer {
        case .status(let status, _):
            delivery.lastStatus = status
            delivery.lastProblem = nil
            if (200..<300).contains(status) {
                delivery.state = .delivered
                isOver = true
            } else {
                delivery.lastProblem = "the answer was \(status), where 2xx was expected"
                // Gone: it is not to be tried again.
                isOver = status == 410
            }
        case .failed(let why):
            delivery.lastStatus = nil
            delivery.lastProblem = String(why.prefix(Self.mostProblem))
        }
        if delivery.state != .delivered {
            let pause = isOver ? nil : RetrySchedule.pause(after: delivery.attempts)
            delivery.due = pause.map { now + $0.inNanoseconds }
            if pause == nil { delivery.state = .failed }
        }
        if delivery.state != .waiting {
            delivery.due = nil
            delivery.body = nil
            delivery.secret = nil
            delivery.finished = now
        }
        counts.note(delivery)
        guard delivery.state != .delivered else { return }
        log(
            .warning, delivery.state == .failed ? "webhook_given_up" : "webhook_failed",
            ["run": "\(delivery.run)", "attempt": "\(delivery.attempts)", "why": delivery.lastProblem ?? ""])
    }
}
