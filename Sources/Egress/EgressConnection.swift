internal import Domain
internal import Glibc
internal import Posix
internal import Synchronization

/// One connection of a guest, from its acceptance on: finds the server, connects, and copies both ways.
///
/// Everything happens on the reactor's thread.
final class EgressConnection: ReactorHandler {
    private enum Phase { case searching, connecting, open, closed }

    private struct State {
        var phase = Phase.searching
        var guest: RelayEnd
        var server: RelayEnd?
        /// That have not been tried, in order.
        var addresses: [IPAddress] = []
        var out = Flow()
        var back = Flow()
        /// Monotonic nanoseconds, for finding and reaching the server, or for the end.
        var deadline: Int64
        var isEnding = false
    }

    let endpoint: NetworkPolicy.Endpoint
    private let owner: EgressSession
    private let state: Mutex<State>

    init(_ guest: Int32, to endpoint: NetworkPolicy.Endpoint, owner: EgressSession, deadline: Int64) {
        self.endpoint = endpoint
        self.owner = owner
        ServerSocket.speedUp(guest)
        state = Mutex(State(guest: RelayEnd(adopting: guest), deadline: deadline))
    }

    /// Goes on with the addresses that were found and are allowed.
    func connect(to addresses: [IPAddress]) {
        act { (state) throws(SystemFailure) in
            guard state.phase == .searching else { return false }
            state.addresses = addresses
            return try tryNext(&state)
        }
    }

    func ready(_ event: Epoll.Event) {
        act { (state) throws(SystemFailure) in
            switch state.phase {
            case .searching, .closed: return false
            case .connecting:
                guard let server = state.server, ServerSocket.isConnected(server.fd) else {
                    return try tryNext(&state)
                }
                state.phase = .open
                return try relay(&state)
            case .open: return try relay(&state)
            }
        }
    }

    /// Gives a server up that does not answer, and one that takes too long to take a dead guest's last words.
    func look(at now: Int64) {
        act { (state) throws(SystemFailure) in
            guard now >= state.deadline, state.phase != .closed else { return false }
            if state.phase != .open { return fail(&state) }
            return state.isEnding ? close(&state, resets: true) : false
        }
    }

    /// The guest is dead: what it has said still goes out, as it would from a kernel, and nothing comes back.
    func end(by deadline: Int64) {
        act { (state) throws(SystemFailure) in
            state.isEnding = true
            state.deadline = min(state.deadline, deadline)
            if state.phase == .open { state.deadline = deadline }
            return state.phase == .open ? try relay(&state) : false
        }
    }

    func refuse() {
        act { (state) throws(SystemFailure) in close(&state, resets: true) }
    }

    private func act(_ body: (inout State) throws(SystemFailure) -> Bool) {
        let isOver = state.withLock { state in
            do throws(SystemFailure) { return try body(&state) } catch { return close(&state, resets: true) }
        }
        if isOver { owner.forget(self) }
    }

    /// Whether the connection is over, as for all below.
    private func tryNext(_ state: inout State) throws(SystemFailure) -> Bool {
        state.server?.close(owner.reactor, resets: false)
        state.server = nil
        while !state.addresses.isEmpty {
            let address = state.addresses.removeFirst()
            guard let fd = ServerSocket.connect(to: address, port: endpoint.port) else { continue }
            var server = RelayEnd(adopting: fd)
            state.phase = .connecting
            defer { state.server = server }
            try server.watch(.output, owner.reactor, self)
            return false
        }
        return fail(&state)
    }

    private func relay(_ state: inout State) throws(SystemFailure) -> Bool {
        guard let server = state.server?.fd else { return close(&state, resets: true) }
        let out = state.out.pump(from: state.guest.fd, to: server) { owner.count(sent: $0) }
        let back =
            state.isEnding
            ? .ended
            : state.back.pump(from: server, to: state.guest.fd) { owner.count(received: $0) }
        if out == .broken || back == .broken { return close(&state, resets: true) }
        if state.out.isPassedOn, back == .ended { return close(&state, resets: false) }
        let wanted = state.isEnding ? Flow.nothing : state.back
        try state.guest.watch(interest(state.out, wanted), owner.reactor, self)
        try state.server?.watch(interest(wanted, state.out), owner.reactor, self)
        return false
    }

    private func interest(_ from: Flow, _ to: Flow) -> Epoll.Interest {
        var interest: Epoll.Interest = []
        if from.wantsInput { interest.insert(.input) }
        if to.wantsOutput { interest.insert(.output) }
        return interest
    }

    private func fail(_ state: inout State) -> Bool {
        owner.countFailure()
        return close(&state, resets: true)
    }

    private func close(_ state: inout State, resets: Bool) -> Bool {
        guard state.phase != .closed else { return false }
        state.phase = .closed
        state.guest.close(owner.reactor, resets: resets)
        state.server?.close(owner.reactor, resets: resets)
        state.server = nil
        return true
    }
}
