internal import CJail
internal import Domain
internal import Glibc
internal import Posix

/// Connections of the guest, from their acceptance until they are on their own.
extension EgressSession {
    func accept(_ listener: Listener) {
        for _ in 0..<Self.turn {
            guard hasRoom(), loop.budget.take(Self.costOfConnection) else { return pause() }
            let fd = cjail_accept(listener.fd)
            guard fd >= 0 else {
                loop.budget.giveBack(Self.costOfConnection)
                if [-EMFILE, -ENFILE, -ENOMEM, -ENOBUFS].contains(fd) { pause() }
                return
            }
            guard begin(fd, listener.endpoint) else { return }
        }
    }

    private func hasRoom() -> Bool {
        state.withLock { $0.connections.count < configuration.mostConnections }
    }

    /// Returns: Whether more may come.
    private func begin(_ fd: Int32, _ endpoint: NetworkPolicy.Endpoint) -> Bool {
        let deadline = Monotonic.now() + Int64(configuration.patience / .nanoseconds(1))
        let connection = EgressConnection(fd, to: endpoint, owner: self, deadline: deadline)
        let isOver = state.withLock { state in
            state.accepted += 1
            state.connections[ObjectIdentifier(connection)] = connection
            return state.accepted > configuration.mostConnectionsEver
        }
        if isOver || isExhausted {
            counts.denied("\(endpoint)", .limit)
            connection.refuse()
            dropListeners()
            return false
        }
        counts.connected()
        search(for: connection)
        return true
    }

    private var isExhausted: Bool { counts.moved(sent: 0, received: 0) > configuration.mostBytes.bytes }

    private func search(for connection: EgressConnection) {
        let endpoint = connection.endpoint
        if let address = endpoint.address { return go(connection, [address]) }
        let name = endpoint.host
        let now = Monotonic.now()
        let (known, isFirst) = state.withLock { state -> ([IPAddress]?, Bool) in
            if let found = state.found[name], now - found.time < Self.freshness {
                return (found.addresses, false)
            }
            state.searching[name, default: []].append(connection)
            return (nil, state.searching[name]?.count == 1)
        }
        if let known { return go(connection, known) }
        guard isFirst else { return }
        loop.lookups.find(name, for: self) { addresses in
            self.reactor.perform { self.found(addresses, of: name) }
        }
    }

    private func found(_ addresses: [IPAddress], of name: String) {
        let waiting = state.withLock { state in
            if !addresses.isEmpty { state.found[name] = (addresses, Monotonic.now()) }
            return state.searching.removeValue(forKey: name) ?? []
        }
        for connection in waiting { go(connection, addresses) }
    }

    /// Connects to what may be connected to: the very addresses that were looked at.
    private func go(_ connection: EgressConnection, _ addresses: [IPAddress]) {
        let endpoint = connection.endpoint
        let allowed = addresses.filter {
            configuration.allows($0, for: endpoint, isOwn: loop.own.contains($0))
        }
        guard allowed.isEmpty, !addresses.isEmpty else { return connection.connect(to: allowed) }
        counts.denied("\(endpoint)", .privateAddress)
        connection.refuse()
    }

    func count(sent: Int = 0, received: Int = 0) {
        let before = isExhausted
        guard counts.moved(sent: sent, received: received) > configuration.mostBytes.bytes, !before else {
            return
        }
        counts.denied("bytes", .limit)
        reactor.perform { self.refuseAll() }
    }

    private func refuseAll() {
        for connection in state.withLock({ Array($0.connections.values) }) { connection.refuse() }
    }

    func countFailure() { counts.failed() }

    func forget(_ connection: EgressConnection) {
        state.withLock { state in
            _ = state.connections.removeValue(forKey: ObjectIdentifier(connection))
        }
        loop.budget.giveBack(Self.costOfConnection)
        resume()
        leaveIfDone()
    }

    private func pause() { setListening([], paused: true) }

    func resume() {
        guard state.withLock({ $0.isPaused }), hasRoom() else { return }
        setListening(.input, paused: false)
    }

    private func setListening(_ interest: Epoll.Interest, paused: Bool) {
        let listeners = state.withLock { state in
            state.isPaused = paused
            return state.listeners
        }
        for (tag, listener) in listeners { try? reactor.change(listener.fd, interest, tag: tag) }
    }
}
