internal import Glibc
internal import Posix
internal import Synchronization

/// A place where clients come in: a listening socket, the daemon that serves there, and those that did before it.
final class Door: Sendable {
    /// Of daemons that only serve clients from before; the oldest ends for another.
    private static let mostRetired = 4

    private struct State {
        var current: HTTPDaemon
        var retired: [HTTPDaemon] = []
    }

    let isSecure: Bool
    /// The socket again, until nobody is to come in any more: each daemon closes its own.
    private let listener: Mutex<Descriptor?>
    private let make: @Sendable (ServiceConfiguration) -> HTTPDaemon
    private let state: Mutex<State>

    init(
        _ socket: consuming Descriptor, _ configuration: ServiceConfiguration, isUnix: Bool,
        make: @escaping @Sendable (ServiceConfiguration) -> HTTPDaemon
    ) throws(ServiceError) {
        isSecure = !isUnix && configuration.identity != nil
        listener = Mutex(try Self.again(socket.rawValue))
        self.make = make
        let daemon = make(configuration)
        try daemon.start(socket, configuration)
        state = Mutex(State(current: daemon))
    }

    /// Has another daemon take the clients that come from now on.
    func renew(_ configuration: ServiceConfiguration) throws(ServiceError) {
        let next = make(configuration)
        let socket = try listener.withLock { listener throws(ServiceError) in
            guard let raw = listener?.rawValue else { throw ServiceError.daemonFailed }
            return try Self.again(raw)
        }
        try next.start(socket, configuration)
        let (old, oldest) = state.withLock { state in
            let old = state.current
            state.current = next
            state.retired.append(old)
            let isFull = state.retired.count > Self.mostRetired
            return (old, isFull ? state.retired.removeFirst() : nil)
        }
        old.retire()
        if let oldest { Task { await oldest.stop(grace: .seconds(10)) } }
    }

    func quiesce() {
        listener.withLock { _ = $0.take() }
        state.withLock { $0.current }.quiesce()
    }

    func stop(grace: Duration) async {
        for daemon in state.withLock({ $0.retired + [$0.current] }) { await daemon.stop(grace: grace) }
    }

    private static func again(_ socket: Int32) throws(ServiceError) -> Descriptor {
        do throws(SystemFailure) {
            return Descriptor(
                adopting: try check("dup of a listening socket") { fcntl(socket, F_DUPFD_CLOEXEC, 0) })
        } catch { throw .refused(error) }
    }
}
