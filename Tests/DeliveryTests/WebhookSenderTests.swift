@testable internal import Delivery
internal import Domain
internal import Egress
internal import Synchronization
internal import Telemetry
internal import Testing

/// Deliveries that never leave this machine: what refuses them comes before any connection.
@Suite(.timeLimit(.minutes(1)))
struct WebhookSenderTests {
    private final class Store: DeliveryStore {
        let waiting: Mutex<[WebhookDelivery]>
        let noted = Mutex<[WebhookDelivery]>([])

        init(_ deliveries: [WebhookDelivery]) { waiting = Mutex(deliveries) }

        func takeDue(now: Int64, lease: Int64, most: Int, mostOfKey: Int) -> [WebhookDelivery] {
            waiting.withLock { waiting in
                defer { waiting.removeFirst(min(most, waiting.count)) }
                return Array(waiting.prefix(most))
            }
        }
        func note(_ delivery: WebhookDelivery) { noted.withLock { $0.append(delivery) } }
        func nextDue() -> Int64? { waiting.withLock { $0.first?.due } }
        func delivery(of run: RunID) -> WebhookDelivery? { nil }
        func sign(_ message: [UInt8]) -> [UInt8] { [] }
        var webhookKey: [UInt8] { [] }
    }

    private struct Inner: NameResolver {
        func addresses(of name: String) -> [IPAddress] { [.v4(0x0a00_0001)] }
    }

    private func delivery(_ url: String) -> WebhookDelivery {
        var delivery = WebhookDelivery(run: .now(), key: .local, url: url, state: .waiting, created: 0)
        (delivery.due, delivery.body) = (0, Array("{}".utf8))
        return delivery
    }

    private func outcome(of url: String, courier: String = "/nonexistent/courier") async throws
        -> WebhookDelivery
    {
        let store = Store([delivery(url)])
        let sender = WebhookSender(
            store: store, couriers: Couriers(program: courier, environment: []),
            addresses: ServerAddresses(
                privateEndpoints: [try NetworkPolicy.Endpoint(parsing: "127.0.0.1:9")], resolver: Inner()),
            log: Log(program: "test", threshold: .error), body: { _ in nil })
        let work = Task { await sender.run() }
        while store.noted.withLock({ $0.isEmpty }) { try await Task.sleep(for: .milliseconds(5)) }
        sender.stop()
        await work.value
        return try #require(store.noted.withLock { $0.first })
    }

    @Test func `a name that leads inside is not connected to, and tried again later`() async throws {
        let noted = try await outcome(of: "https://rebound.example/hook")
        #expect(noted.state == .waiting && noted.attempts == 1)
        #expect(noted.lastProblem?.contains("no public address") == true)
        #expect((noted.due ?? 0) > WallClock.now())
    }

    @Test func `without TLS only what the operator named is sent to`() async throws {
        #expect(try await outcome(of: "http://example.org/").lastProblem?.contains("https") == true)
        let excepted = try await outcome(of: "http://127.0.0.1:9/")
        #expect(excepted.lastProblem?.contains("diatom-courier could not be started") == true)
    }

    @Test func `a courier that ends without an answer is a failure that is told`() async throws {
        let noted = try await outcome(of: "http://127.0.0.1:9/", courier: "/bin/true")
        #expect(noted.lastProblem?.contains("ended") == true)
    }
}
