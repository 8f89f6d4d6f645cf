internal import CLinux
internal import Domain
internal import Glibc
internal import Posix
internal import Synchronization

/// The thread that copies for all runs, and what it needs.
final class EgressLoop: Sendable {
    let configuration: EgressConfiguration
    let reactor: Reactor
    let lookups: Lookups
    let own = OwnAddresses()
    let budget = SocketBudget()
    private let clock: EgressClock
    private let sessions = Mutex<[ObjectIdentifier: EgressSession]>([:])

    init(_ configuration: EgressConfiguration, _ resolver: any NameResolver) throws(SystemFailure) {
        self.configuration = configuration
        reactor = try Reactor()
        lookups = Lookups(resolver)
        clock = try EgressClock()
        _ = try reactor.add(clock.descriptor.rawValue, .input, clock)
        reactor.start(name: "diatom-egress")
    }

    func stop() { reactor.stop() }

    func add(_ session: EgressSession) {
        sessions.withLock { sessions in
            sessions[ObjectIdentifier(session)] = session
            if sessions.count == 1 { clock.start { [weak self] now in self?.look(at: now) } }
        }
    }

    func forget(_ session: EgressSession) {
        sessions.withLock { sessions in
            _ = sessions.removeValue(forKey: ObjectIdentifier(session))
            if sessions.isEmpty { clock.stop() }
        }
    }

    private func look(at now: Int64) {
        for session in sessions.withLock({ Array($0.values) }) { session.look(at: now) }
    }
}

/// Ticks once a second while it is started.
private final class EgressClock: ReactorHandler {
    let descriptor: Descriptor
    private let tick = Mutex<(@Sendable (Int64) -> Void)?>(nil)

    init() throws(SystemFailure) {
        descriptor = Descriptor(
            adopting: try check("timerfd_create") {
                timerfd_create(CLOCK_MONOTONIC, Int32(TFD_CLOEXEC | TFD_NONBLOCK))
            })
    }

    func start(_ tick: @escaping @Sendable (Int64) -> Void) {
        self.tick.withLock { $0 = tick }
        set(seconds: 1)
    }

    func stop() {
        set(seconds: 0)
        tick.withLock { $0 = nil }
    }

    func ready(_ event: Epoll.Event) {
        var count: UInt64 = 0
        _ = read(descriptor.rawValue, &count, 8)
        tick.withLock { $0 }?(Monotonic.now())
    }

    private func set(seconds: Int) {
        let pace = timespec(tv_sec: seconds, tv_nsec: 0)
        var setting = itimerspec(it_interval: pace, it_value: pace)
        timerfd_settime(descriptor.rawValue, 0, &setting, nil)
    }
}
