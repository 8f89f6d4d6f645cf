internal import CJail
internal import Domain
package import Egress
internal import Glibc
package import Posix
internal import Synchronization
internal import Wire

/// Hears what the jailer says of one token.
protocol ReportListener: AnyObject, Sendable {
    func hear(_ report: cjail_report)
    /// Nothing more will be heard.
    func jailerLost()
}

/// This process's connection to a jailer, and the steps under way over it.
package final class JailerLink: ReactorHandler {
    private struct State {
        var listeners: [UInt64: any ReportListener] = [:]
        var nextToken: UInt64 = 1
        var greeting: JailerGreeting?
        var greetingWaiters: [CheckedContinuation<JailerGreeting?, Never>] = []
        var isLost = false
        var tag: UInt64 = 0
    }

    private let socket: MessageSocket
    let reactor: Reactor
    /// How steps get a network; nil where none can.
    let egress: EgressGate?
    private let state = Mutex(State())
    /// The jailer's process where we started it.
    package let child: Int32?
    private let onLoss: @Sendable () -> Void

    /// Starts a jailer of our own, which ends when this process does.
    ///
    /// `arguments`: As `diatom-jailer --help` names them.
    package static func start(
        program: String, arguments: [String], reactor: Reactor, egress: EgressGate? = nil,
        onLoss: @escaping @Sendable () -> Void = {}
    ) throws(SystemFailure) -> JailerLink {
        var pair = try Pair.sockets()
        let null = Descriptor(adopting: try check("open /dev/null") { open("/dev/null", O_RDWR | O_CLOEXEC) })
        let child = try ChildProcess.start(
            program, ["--client", "3"] + arguments, environment: ["LANG=C.UTF-8"],
            descriptors: [(null.rawValue, 0), (null.rawValue, 1), (pair.second.rawValue, 3)])
        return try JailerLink(
            pair.takeFirst(), reactor: reactor, egress: egress, child: child, onLoss: onLoss)
    }

    /// Uses the jailer that listens at a path.
    package static func connect(
        path: String, owner: UInt32? = 0, reactor: Reactor, egress: EgressGate? = nil,
        onLoss: @escaping @Sendable () -> Void = {}
    ) throws(SystemFailure) -> JailerLink {
        try JailerLink(
            try UnixSocket.connect(to: path, owner: owner), reactor: reactor, egress: egress, child: nil,
            onLoss: onLoss)
    }

    private init(
        _ descriptor: consuming Descriptor, reactor: Reactor, egress: EgressGate?, child: Int32?,
        onLoss: @escaping @Sendable () -> Void
    ) throws(SystemFailure) {
        socket = MessageSocket(descriptor)
        self.reactor = reactor
        self.egress = egress
        self.child = child
        self.onLoss = onLoss
        let tag = try reactor.add(socket.rawValue, .input, self)
        state.withLock { $0.tag = tag }
        var hello = cjail_order()
        hello.kind = UInt32(CJAIL_ORDER_HELLO.rawValue)
        hello.version = UInt32(CJAIL_ORDERS_VERSION)
        try socket.send(hello)
    }

    package var isLost: Bool { state.withLock { $0.isLost } }

    /// What the jailer has said of itself; nil when nothing has come yet.
    package var knownGreeting: JailerGreeting? { state.withLock { $0.greeting } }

    /// What the jailer says of itself; nil when it ended without a word.
    package func greeting() async -> JailerGreeting? {
        await withCheckedContinuation { continuation in
            let known: JailerGreeting?? = state.withLock { state in
                if let greeting = state.greeting { return .some(greeting) }
                if state.isLost { return .some(nil) }
                state.greetingWaiters.append(continuation)
                return nil
            }
            if let known { continuation.resume(returning: known) }
        }
    }

    /// Starts a step.
    ///
    /// Its events come through the channel of what is returned, `ended` or `failed` last.
    package func start(_ order: StepOrder) throws(SystemFailure) -> StepSession {
        let session = try StepSession(order, link: self)
        let token = register(session)
        session.token = token
        do throws(SystemFailure) {
            try session.begin { message, fds throws(SystemFailure) in
                try self.socket.send(message, descriptors: fds)
            }
        } catch {
            forget(token)
            throw error
        }
        return session
    }

    /// Opens a session; its life is told over what is returned.
    package func openSession(_ order: SessionOrder) throws(SystemFailure) -> SandboxSession {
        let session = try SandboxSession(order, link: self)
        do throws(SystemFailure) {
            try session.begin(token: register(session)) { message, fds throws(SystemFailure) in
                try self.socket.send(message, descriptors: fds)
            }
        } catch {
            forget(session.token)
            throw error
        }
        return session
    }

    private func register(_ listener: any ReportListener) -> UInt64 {
        state.withLock { state in
            defer { state.nextToken += 1 }
            state.listeners[state.nextToken] = listener
            return state.nextToken
        }
    }

    func send(_ order: cjail_order) { try? socket.send(order) }

    func forget(_ token: UInt64) {
        state.withLock { state in _ = state.listeners.removeValue(forKey: token) }
    }

    func kill(_ token: UInt64, _ reason: StepOutcome.Reason) {
        var order = cjail_order()
        order.kind = UInt32(CJAIL_ORDER_KILL.rawValue)
        order.token = token
        order.reason = reason.rawValue
        try? socket.send(order)
    }

    package func ready(_ event: Epoll.Event) {
        do throws(SystemFailure) {
            while true {
                switch try socket.receive(cjail_report.self, into: cjail_report()) {
                case .nothing: return
                case .ended: return lost()
                case .message(let report, let descriptors):
                    for fd in descriptors { close(fd) }
                    hear(report)
                }
            }
        } catch { lost() }
    }

    private func hear(_ report: cjail_report) {
        if report.kind == UInt32(CJAIL_REPORT_HELLO.rawValue) {
            let greeting = JailerGreeting(report)
            let waiters = state.withLock { state in
                state.greeting = greeting
                defer { state.greetingWaiters = [] }
                return state.greetingWaiters
            }
            for waiter in waiters { waiter.resume(returning: greeting) }
            return
        }
        state.withLock { $0.listeners[report.token] }?.hear(report)
    }

    private func lost() {
        let (listeners, waiters, tag) = state.withLock { state in
            state.isLost = true
            defer {
                state.listeners = [:]
                state.greetingWaiters = []
            }
            return (Array(state.listeners.values), state.greetingWaiters, state.tag)
        }
        reactor.remove(socket.rawValue, tag: tag)
        for waiter in waiters { waiter.resume(returning: nil) }
        for listener in listeners { listener.jailerLost() }
        if let child {
            var status: Int32 = 0
            waitpid(child, &status, 0)
        }
        onLoss()
    }
}
