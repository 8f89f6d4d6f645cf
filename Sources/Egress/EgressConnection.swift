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
        var deadline: Int64
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

    /// Gives a server up that does not answer.
    func look(at now: Int64) {
        act { (state) throws(SystemFailure) in
            guard state.phase == .searching || state.phase == .connecting, now >= state.deadline else {
                return false
            }
            return fail(&state)
        }
    }

    /// Ends it: what the guest has sent goes out as far as the server takes it at once.
    func end() {
        act { (state) throws(SystemFailure) in
            if state.phase == .open, let server = state.server {
                let before = state.out.moved
                _ = state.out.pump(from: state.guest.fd, to: server.fd)
                owner.count(sent: state.out.moved - before)
            }
            return close(&state, resets: state.phase != .open || state.out.wantsOutput)
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
        let before = (state.out.moved, state.back.moved)
        let out = state.out.pump(from: state.guest.fd, to: server)
        let back = state.back.pump(from: server, to: state.guest.fd)
        owner.count(sent: state.out.moved - before.0, received: state.back.moved - before.1)
        if out == .broken || back == .broken { return close(&state, resets: true) }
        if state.out.isPassedOn, state.back.isPassedOn { return close(&state, resets: false) }
        try state.guest.watch(interest(state.out, state.back), owner.reactor, self)
        try state.server?.watch(interest(state.back, state.out), owner.reactor, self)
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
