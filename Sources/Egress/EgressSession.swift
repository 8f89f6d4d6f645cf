internal import CJail
package import Domain
internal import Glibc
package import Posix
internal import Synchronization
internal import Wire

/// The network of one run: the ways out of its sandbox, who answers for names there, and the connections under way.
///
/// Init opens sockets in the sandbox's network namespace and passes them here; what a guest says to one of them goes
/// to the server that the address book has for it, or nowhere. All but ``end()`` happens on the reactor's thread.
package final class EgressSession: ReactorHandler {
    private struct State {
        var book: AddressBook
        var controlTag: UInt64 = 0
        var names: (fd: Int32, tag: UInt64)?
        var listeners: [UInt64: Listener] = [:]
        var connections: [ObjectIdentifier: EgressConnection] = [:]
        /// Addresses of servers, as they were found, and when.
        var found: [String: (addresses: [IPAddress], time: Int64)] = [:]
        /// Whom to tell of addresses that are being looked up.
        var searching: [String: [EgressConnection]] = [:]
        /// Questions that wait for a way to be opened, by the name's address.
        var waiting: [UInt32: Waiting] = [:]
        var accepted = 0
        var questions = 0
        /// Descriptors of the loop's budget that are held besides those of connections.
        var held = 0
        var isPaused = false
        var isOver = false
    }

    private struct Listener {
        var fd: Int32
        var endpoint: NetworkPolicy.Endpoint
    }

    private struct Waiting {
        var ways: Int
        var questions: [(DNSQuestion, sockaddr_in)] = []
    }

    private static let resolver: UInt32 = 0x7f00_0035
    /// Taken of one socket before others have their turn.
    private static let turn = 32
    /// Descriptors: the guest's end and the server's.
    private static let costOfConnection = 2
    /// How long a server's addresses hold.
    private static let freshness: Int64 = 30_000_000_000

    let reactor: Reactor
    private let control: MessageSocket
    private let loop: EgressLoop
    private let configuration: EgressConfiguration
    private let counts: EgressCounts
    private let state: Mutex<State>

    init(
        _ policy: NetworkPolicy, control: consuming Descriptor, loop: EgressLoop,
        tell: @escaping @Sendable (NetworkDenial) -> Void
    ) throws(SystemFailure) {
        self.control = MessageSocket(control)
        self.loop = loop
        reactor = loop.reactor
        configuration = loop.configuration
        counts = EgressCounts(tell)
        let book = AddressBook(policy, mostNames: loop.configuration.mostNames)
        state = Mutex(State(book: book))
        guard hold(book.ways.count + 2) else { throw SystemFailure(operation: "network", code: EMFILE) }
        try ask(AddressBook.Way(address: Self.resolver, port: 53), UInt32(CJAIL_WAY_DATAGRAMS.rawValue))
        for way in book.ways { try ask(way) }
        var last = cjail_note()
        last.kind = UInt32(CJAIL_WAY.rawValue)
        last.a = Int32(CJAIL_WAY_LAST.rawValue)
        last.b = Int64(book.ways.count + 1)
        try self.control.send(last, waiting: false)
        let tag = try reactor.add(self.control.rawValue, .input, self)
        state.withLock { $0.controlTag = tag }
    }

    deinit { loop.budget.giveBack(state.withLock { $0.held }) }

    private func hold(_ count: Int) -> Bool {
        guard loop.budget.take(count) else { return false }
        state.withLock { $0.held += count }
        return true
    }

    private func ask(_ way: AddressBook.Way, _ flags: UInt32 = 0) throws(SystemFailure) {
        var note = cjail_note()
        note.kind = UInt32(CJAIL_WAY.rawValue)
        note.a = Int32(flags | (way.isOwned ? UInt32(CJAIL_WAY_OWNED.rawValue) : 0))
        note.b = Int64(way.address)
        note.c = Int64(way.port)
        try control.send(note, waiting: false)
    }

    /// Ends it; the run is over.
    ///
    /// Returns: What it was used for.
    @discardableResult
    package func end() -> NetworkUse {
        let isFirst = state.withLock { state in
            defer { state.isOver = true }
            return !state.isOver
        }
        if isFirst { reactor.perform { self.close() } }
        return counts.use
    }

    private func close() {
        let (listeners, names, connections) = state.withLock { state in
            defer {
                state.listeners = [:]
                state.names = nil
                state.waiting = [:]
                state.searching = [:]
            }
            return (state.listeners, state.names, state.connections)
        }
        reactor.remove(control.rawValue, tag: state.withLock { $0.controlTag })
        for (tag, listener) in listeners { drop(listener.fd, tag) }
        if let names { drop(names.fd, names.tag) }
        for connection in connections.values { connection.end() }
        loop.lookups.forget(self)
        loop.forget(self)
    }

    private func drop(_ fd: Int32, _ tag: UInt64) {
        reactor.remove(fd, tag: tag)
        Glibc.close(fd)
    }

    package func ready(_ event: Epoll.Event) {
        let (control, names, listener) = state.withLock { state in
            (state.controlTag == event.tag, state.names?.tag == event.tag, state.listeners[event.tag])
        }
        if control { hearInit() } else if names { answerNames() } else if let listener { accept(listener) }
    }

    /// Once a second: gives up on servers that do not answer, and takes connections that no descriptor was left for.
    func look(at now: Int64) {
        for connection in state.withLock({ Array($0.connections.values) }) { connection.look(at: now) }
        resume()
    }
}

// MARK: Init

extension EgressSession {
    private func hearInit() {
        do throws(SystemFailure) {
            while true {
                switch try control.receive(cjail_note.self, into: cjail_note()) {
                case .nothing: return
                case .ended: return dropControl()
                case .message(let note, let descriptors):
                    take(note, descriptors)
                }
            }
        } catch { dropControl() }
    }

    private func dropControl() { reactor.remove(control.rawValue, tag: state.withLock { $0.controlTag }) }

    private func take(_ note: cjail_note, _ descriptors: [Int32]) {
        let address = UInt32(truncatingIfNeeded: note.b)
        let port = UInt16(truncatingIfNeeded: note.c)
        for fd in descriptors.dropFirst() { Glibc.close(fd) }
        if let fd = descriptors.first {
            do throws(SystemFailure) { try watch(fd, address, port) } catch { Glibc.close(fd) }
        }
        opened(address)
    }

    private func watch(_ fd: Int32, _ address: UInt32, _ port: UInt16) throws(SystemFailure) {
        let (endpoint, isResolver) = state.withLock { state in
            guard !state.isOver else { return (nil as NetworkPolicy.Endpoint?, false) }
            // Init answers in the order of the questions, and the resolver's was the first.
            return (
                state.book.server(at: address, port),
                address == Self.resolver && port == 53 && state.names == nil
            )
        }
        guard endpoint != nil || isResolver else {
            throw SystemFailure(operation: "a way that was not asked for", code: EPROTO)
        }
        let tag = try reactor.add(fd, .input, self)
        state.withLock { state in
            if isResolver {
                state.names = (fd, tag)
            } else if let endpoint {
                state.listeners[tag] = Listener(fd: fd, endpoint: endpoint)
            }
        }
    }

    /// Answers who waits for a name all of whose ways are open.
    private func opened(_ address: UInt32) {
        let ready = state.withLock { state -> [(DNSQuestion, sockaddr_in)] in
            guard state.waiting[address] != nil else { return [] }
            state.waiting[address]?.ways -= 1
            guard let waiting = state.waiting[address], waiting.ways <= 0 else { return [] }
            state.waiting[address] = nil
            return waiting.questions
        }
        for (question, asker) in ready { say(question.response(.address(address)), to: asker) }
    }
}

// MARK: Names

extension EgressSession {
    private func answerNames() {
        for _ in 0..<Self.turn {
            guard let names = state.withLock({ $0.names }) else { return }
            var asker = sockaddr_in()
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            var bytes = [UInt8](repeating: 0, count: DNSQuestion.longest + 1)
            let count = withUnsafeMutablePointer(to: &asker) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    recvfrom(names.fd, &bytes, bytes.count, Int32(MSG_DONTWAIT), $0, &size)
                }
            }
            guard count >= 0 else { return }
            let isOver = state.withLock { state in
                state.questions += 1
                return state.questions > configuration.mostConnectionsEver
            }
            if isOver { return silence(names) }
            if let question = DNSQuestion(Array(bytes[0..<count])) { answer(question, to: asker) }
        }
    }

    private func silence(_ names: (fd: Int32, tag: UInt64)) {
        counts.denied("lookups", .limit)
        state.withLock { $0.names = nil }
        drop(names.fd, names.tag)
    }

    private func answer(_ question: DNSQuestion, to asker: sockaddr_in) {
        enum Known { case yes(UInt32), no, full, wait, allowedOnly }
        let name = question.name
        let known: Known = state.withLock { state in
            if let address = state.book.address(of: name) {
                guard question.isForAddress else { return .allowedOnly }
                guard state.waiting[address] != nil else { return .yes(address) }
                state.waiting[address]?.questions.append((question, asker))
                return .wait
            }
            guard state.book.allows(name) else { return .no }
            guard question.isForAddress else { return .allowedOnly }
            return state.book.isFull ? .full : .wait
        }
        switch known {
        case .yes(let address): say(question.response(.address(address)), to: asker)
        case .allowedOnly: say(question.response(.nothing), to: asker)
        case .no:
            if !name.hasSuffix(".arpa"), !name.isEmpty, question.isForAddress {
                counts.denied(Self.shortened(name), .notAllowed)
            }
            say(question.response(.noSuchName), to: asker)
        case .full:
            counts.denied(Self.shortened(name), .limit)
            say(question.response(.failure), to: asker)
        case .wait: openWays(for: name, question, asker)
        }
    }

    /// A name below a wildcard gets its address, and its ways, when it is first asked for.
    private func openWays(for name: String, _ question: DNSQuestion, _ asker: sockaddr_in) {
        let ways = state.withLock { state -> [AddressBook.Way] in
            guard state.book.address(of: name) == nil else { return [] }
            let ways = state.book.add(name)
            guard let address = ways.first?.address else { return [] }
            state.waiting[address] = Waiting(ways: ways.count, questions: [(question, asker)])
            return ways
        }
        for way in ways where !hold(1) || (try? ask(way)) == nil { opened(way.address) }
    }

    private func say(_ bytes: [UInt8], to asker: sockaddr_in) {
        guard let names = state.withLock({ $0.names }) else { return }
        var asker = asker
        _ = withUnsafePointer(to: &asker) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(
                    names.fd, bytes, bytes.count, Int32(MSG_DONTWAIT), $0,
                    socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    /// A guest's word, fit to be shown.
    private static func shortened(_ name: String) -> String {
        let bytes = name.utf8.prefix(253).map { (0x21...0x7e).contains($0) ? $0 : UInt8(ascii: "?") }
        return String(decoding: bytes, as: UTF8.self)
    }
}

// MARK: Connections

extension EgressSession {
    private func accept(_ listener: Listener) {
        for _ in 0..<Self.turn {
            guard hasRoom(), loop.budget.take(Self.costOfConnection) else { return pause() }
            let fd = cjail_accept(listener.fd)
            guard fd >= 0 else {
                loop.budget.giveBack(Self.costOfConnection)
                if [-EMFILE, -ENFILE, -ENOMEM, -ENOBUFS].contains(fd) { pause() }
                return
            }
            begin(fd, listener.endpoint)
        }
    }

    private func hasRoom() -> Bool {
        state.withLock { $0.connections.count < configuration.mostConnections }
    }

    private func begin(_ fd: Int32, _ endpoint: NetworkPolicy.Endpoint) {
        let deadline = Monotonic.now() + Int64(configuration.patience / .nanoseconds(1))
        let connection = EgressConnection(fd, to: endpoint, owner: self, deadline: deadline)
        let isOver = state.withLock { state in
            state.accepted += 1
            state.connections[ObjectIdentifier(connection)] = connection
            return state.isOver || state.accepted > configuration.mostConnectionsEver
        }
        if isOver || isExhausted {
            counts.denied("\(endpoint)", .limit)
            return connection.refuse()
        }
        counts.connected()
        search(for: connection)
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

    func count(sent: Int, received: Int = 0) {
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
    }

    private func pause() { setListening([], paused: true) }

    private func resume() {
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
