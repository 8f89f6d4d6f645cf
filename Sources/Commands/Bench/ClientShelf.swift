internal import Synchronization

/// Connections of the main thread that are kept between rounds, one for each service.
final class ClientShelf: Sendable {
    static let shared = ClientShelf()
    /// Well below the time after which a service cuts a connection that waits.
    private static let mostIdle: Duration = .seconds(10)

    private final class Kept: Sendable {
        let client: BlockingClient
        let lastUse = Mutex(ContinuousClock.now)
        init(_ client: consuming BlockingClient) { self.client = client }
    }

    private let kept = Mutex<[String: Kept]>([:])

    /// Lends the connection to a socket, made on first use; one that failed is not kept.
    func withClient<Value>(_ socket: String, _ body: (borrowing BlockingClient) throws -> Value) throws
        -> Value
    {
        let client: Kept
        if let found = kept.withLock({ $0[socket] }),
            found.lastUse.withLock({ ContinuousClock.now - $0 }) < Self.mostIdle
        {
            client = found
        } else {
            guard let fresh = BlockingClient(path: socket) else {
                throw Bench.Unmeasured(reason: "nobody listens")
            }
            client = Kept(fresh)
            kept.withLock { $0[socket] = client }
        }
        defer { client.lastUse.withLock { $0 = .now } }
        do { return try body(client.client) } catch {
            kept.withLock { $0[socket] = nil }
            throw error
        }
    }
}
