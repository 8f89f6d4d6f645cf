internal import CJail
package import Domain
internal import Glibc
package import Posix
internal import Synchronization
internal import Wire

/// The network of one run: the ways out of its sandbox, who answers for names there, and the connections under way.
///
/// Init opens sockets in the sandbox's network namespace and passes them here; what a guest says to one of them goes
/// to the server that the address book has for it, or nowhere. All but ``end(drains:)`` happens on the reactor's thread.
package final class EgressSession: ReactorHandler {
    struct State {
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

    struct Listener {
        var fd: Int32
        var endpoint: NetworkPolicy.Endpoint
    }

    struct Waiting {
        var ways: Int
        var questions: [(DNSQuestion, sockaddr_in)] = []
    }

    static let resolver: UInt32 = 0x7f00_0035
    /// Taken of one socket before others have their turn.
    static let turn = 32
    /// Descriptors: the guest's end and the server's.
    static let costOfConnection = 2
    /// For what a program said last.
    static let grace: Int64 = 2_000_000_000
    /// How long a server's addresses hold.
    static let freshness: Int64 = 30_000_000_000

    let reactor: Reactor
    let control: MessageSocket
    let loop: EgressLoop
    let configuration: EgressConfiguration
    let counts: EgressCounts
    let state: Mutex<State>

    init(
        _ policy: NetworkPolicy, privately: [NetworkPolicy.Endpoint] = [], control: consuming Descriptor,
        loop: EgressLoop,
        tell: @escaping @Sendable (NetworkDenial) -> Void
    ) throws(SystemFailure) {
        self.control = MessageSocket(control)
        self.loop = loop
        reactor = loop.reactor
        var configuration = loop.configuration
        configuration.privateEndpoints += privately
        self.configuration = configuration
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

    func hold(_ count: Int) -> Bool {
        guard loop.budget.take(count) else { return false }
        state.withLock { $0.held += count }
        return true
    }

    func ask(_ way: AddressBook.Way, _ flags: UInt32 = 0) throws(SystemFailure) {
        var note = cjail_note()
        note.kind = UInt32(CJAIL_WAY.rawValue)
        note.a = Int32(flags | (way.isOwned ? UInt32(CJAIL_WAY_OWNED.rawValue) : 0))
        note.b = Int64(way.address)
        note.c = Int64(way.port)
        try control.send(note, waiting: false)
    }

    /// Ends it; the run is over.
    ///
    /// - Parameter drains: Whether what the program has said still goes out, for a moment; else all is cut off.
    /// - Returns: What it was used for.
    @discardableResult
    package func end(drains: Bool = false) -> NetworkUse {
        let isFirst = state.withLock { state in
            defer { state.isOver = true }
            return !state.isOver
        }
        if isFirst { reactor.perform { self.close(drains: drains) } }
        return counts.use
    }

    private func close(drains: Bool) {
        let listeners = state.withLock { Array($0.listeners.values) }
        if drains { for listener in listeners { accept(listener) } }
        dropWays()
        if !drains { loop.lookups.forget(self) }
        let deadline = Monotonic.now() + Self.grace
        for connection in state.withLock({ Array($0.connections.values) }) {
            if drains { connection.end(by: deadline) } else { connection.refuse() }
        }
        leaveIfDone()
    }

    private func dropWays() {
        let names = state.withLock { state in
            defer {
                state.names = nil
                state.waiting = [:]
            }
            return state.names
        }
        dropControl()
        dropListeners()
        if let names { drop(names.fd, names.tag) }
    }

    func dropListeners() {
        let listeners = state.withLock { state in
            defer { state.listeners = [:] }
            return state.listeners
        }
        for (tag, listener) in listeners { drop(listener.fd, tag) }
    }

    func leaveIfDone() {
        guard state.withLock({ $0.isOver && $0.listeners.isEmpty && $0.connections.isEmpty }) else { return }
        loop.lookups.forget(self)
        loop.forget(self)
    }

    func drop(_ fd: Int32, _ tag: UInt64) {
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

extension EgressSession {
    func hearInit() {
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

    func dropControl() { reactor.remove(control.rawValue, tag: state.withLock { $0.controlTag }) }

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
    func opened(_ address: UInt32) {
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
