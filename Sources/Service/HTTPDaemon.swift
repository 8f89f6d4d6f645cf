internal import API
internal import CMicroHTTPD
internal import Domain
internal import Posix
internal import Synchronization
internal import Telemetry

/// libmicrohttpd, serving one application on one listening socket.
///
/// Theory of operation. The daemon has one thread of its own, which reads requests and writes answers and
/// calls the functions of HTTPCallbacks.swift. A complete request is answered by a task that starts right
/// there; if it has to wait, the connection is suspended and the task resumes it when it has the answer.
/// While a connection is suspended, ``PeerWatcher`` looks for its client hanging up, and cancels the task.
final class HTTPDaemon: Sendable {
    /// Larger bodies are decoded on the pool, so that they hold up nobody.
    private static let largestDecodedHere = 64 << 10

    let application: Application
    let watcher: PeerWatcher
    let log: Log
    private let budget: BodyBudget
    private let patience: Peer.Patience
    let owner = TaskOwner()
    private let isUnix: Bool
    private let isSecure: Bool
    private let lastPeer = Atomic<UInt64>(0)
    private let waiting = Mutex<[ObjectIdentifier: Exchange]>([:])
    private let handle = Mutex<UInt>(0)
    /// Freed after the daemon has stopped.
    private let calls = Mutex<UInt>(0)
    private let retired = Atomic(false)

    /// `isUnix`: Whether it serves the socket that only the service's own user may open.
    init(
        application: Application, watcher: PeerWatcher, configuration: ServiceConfiguration, isUnix: Bool,
        log: Log
    ) {
        self.isUnix = isUnix
        isSecure = !isUnix && configuration.identity != nil
        self.application = application
        self.watcher = watcher
        self.log = log
        budget = BodyBudget(largestBody: configuration.largestBody, most: configuration.mostBodyBytes)
        patience = Peer.Patience(
            head: configuration.headTimeout, nextHead: .seconds(configuration.idleSeconds),
            body: configuration.bodyTimeout)
    }

    /// Begins to serve; the daemon closes the socket when it stops.
    func start(_ listener: consuming Descriptor, _ configuration: ServiceConfiguration) throws(ServiceError) {
        let calls = UnsafeMutablePointer<diatom_http_calls>.allocate(capacity: 1)
        calls.initialize(to: HTTPCallbacks.calls(for: self))
        var bounds = diatom_http_bounds(
            connections: UInt32(configuration.mostConnections),
            idle_seconds: UInt32(configuration.idleSeconds),
            bytes_per_connection: configuration.bytesPerConnection.bytes)
        let socket = listener.release()
        guard let daemon = Self.start(socket, &bounds, isSecure ? configuration.identity : nil, calls) else {
            _ = Descriptor(adopting: socket)
            HTTPCallbacks.release(calls)
            throw isSecure ? .badIdentity("do not belong together, or are not PEM") : .daemonFailed
        }
        self.calls.withLock { $0 = UInt(bitPattern: calls) }
        handle.withLock { $0 = UInt(bitPattern: daemon) }
    }

    private static func start(
        _ socket: Int32, _ bounds: inout diatom_http_bounds, _ identity: TLSIdentity?,
        _ calls: UnsafeMutablePointer<diatom_http_calls>
    ) -> OpaquePointer? {
        guard let identity else { return diatom_http_start(socket, &bounds, nil, calls) }
        return identity.certificate.withCString { certificate in
            identity.key.withCString { key in
                // The daemon reads both while it starts, and keeps neither.
                var pair = diatom_http_identity(certificate: certificate, key: key)
                return diatom_http_start(socket, &bounds, &pair, calls)
            }
        }
    }

    /// Accepts no more connections; those that are open go on.
    func quiesce() {
        let socket = MHD_quiesce_daemon(handle.withLock { OpaquePointer(bitPattern: $0) })
        if socket >= 0 { _ = Descriptor(adopting: socket) }
    }

    /// Serves only who is here already, each once more.
    func retire() {
        retired.store(true, ordering: .relaxed)
        quiesce()
    }

    var isRetired: Bool { retired.load(ordering: .relaxed) }

    /// Waits for what is being answered, gives up the rest, and stops.
    ///
    /// Blocks a moment for the daemon's thread to end.
    func stop(grace: Duration) async {
        let allEnded = await owner.shutDown(grace: grace, afterCancelling: grace)
        if !allEnded { log(.warning, "requests_abandoned", ["count": "\(owner.count)"]) }
        for exchange in waiting.withLock({ Array($0.values) }) {
            exchange.answer(APIError(.draining).response)
            exchange.cancel()
        }
        // The daemon's thread still has to send what was handed to it.
        for _ in 0..<200 where !waiting.withLock({ $0.isEmpty }) {
            try? await Task.sleep(for: .milliseconds(5))
        }
        MHD_stop_daemon(handle.withLock { OpaquePointer(bitPattern: $0) })
        HTTPCallbacks.release(calls.withLock { UnsafeMutablePointer(bitPattern: $0) })
    }

    // MARK: On the daemon's thread

    func connected(_ descriptor: Int32) -> Peer? {
        let number = lastPeer.add(1, ordering: .relaxed).newValue
        let transport: HTTPTransport =
            isUnix
            ? .unix
            : .tcp(peer: SocketName.peer(of: descriptor)?.host ?? "unknown", isSecure: isSecure)
        let peer = Peer(number: number, descriptor: descriptor, transport: transport, patience: patience)
        return watcher.add(peer, descriptor) ? peer : nil
    }

    func disconnected(_ peer: Peer) {
        peer.closed()
        watcher.remove(peer)
    }

    func begin(_ head: HTTPRequest, _ connection: OpaquePointer, _ peer: Peer) -> Exchange {
        peer.receivingBody()
        return Exchange(head, connection: ConnectionHandle(connection), peer: peer, budget: budget)
    }

    /// Why a request is refused by its headers alone.
    func refusal(of headers: HTTPHeaders) -> HTTPResponse? {
        guard let length = headers["content-length"] else { return nil }
        if headers["transfer-encoding"] != nil || headers.count("content-length") > 1 {
            return APIError(RequestError(.malformed, "the length of the body is given in two ways")).response
        }
        guard let length = Int(length), length <= budget.largestBody else { return BodyBudget.tooLarge }
        return nil
    }

    /// Starts the answer of a complete request.
    ///
    /// - Returns: The answer, if it did not have to wait for anything.
    func start(_ request: HTTPRequest, _ exchange: Exchange) -> HTTPResponse? {
        waiting.withLock { $0[ObjectIdentifier(exchange)] = exchange }
        exchange.peer.answering(exchange)
        let answer: @Sendable () async -> Void = { [application] in
            exchange.answer(await application.respond(to: request))
        }
        let isSmall = request.body.count <= Self.largestDecodedHere
        let task = isSmall ? owner.startHere(answer) : owner.start(answer)
        exchange.attach { task.cancel() }
        return exchange.suspendUnlessAnswered()
    }

    func ended(_ exchange: Exchange, wasSent: Bool) {
        _ = waiting.withLock { $0.removeValue(forKey: ObjectIdentifier(exchange)) }
        exchange.end(wasSent: wasSent)
        exchange.peer.answered()
    }
}
