internal import Synchronization

/// Connections of the main thread that are kept between rounds, one for each service.
final class ClientShelf: Sendable {
    static let shared = ClientShelf()

    private final class Kept: Sendable {
        let client: BlockingClient
        init(_ client: consuming BlockingClient) { self.client = client }
    }

    private let kept = Mutex<[String: Kept]>([:])

    /// Lends the connection to a socket, made on first use; one that failed is not kept.
    func withClient<Value>(_ socket: String, _ body: (borrowing BlockingClient) throws -> Value) throws
        -> Value
    {
        let client: Kept
        if let found = kept.withLock({ $0[socket] }) {
            client = found
        } else {
            guard let fresh = BlockingClient(path: socket) else {
                throw Bench.Unmeasured(reason: "nobody listens")
            }
            client = Kept(fresh)
            kept.withLock { $0[socket] = client }
        }
        do { return try body(client.client) } catch {
            kept.withLock { $0[socket] = nil }
            throw error
        }
    }
}
