internal import API
internal import Glibc
internal import Synchronization

/// One open connection: who waits on it, and by when its client must have gone on.
final class Peer: Sendable {
    /// How long a client may take for each part of what it sends, however steadily it trickles.
    struct Patience: Hashable {
        /// Until the headers of the first request are there.
        var head: Duration
        /// Until the headers of a later request are there; it may begin late.
        var nextHead: Duration
        /// From the end of the headers to the end of the body.
        var body: Duration
    }

    private struct State {
        var exchange: Exchange?
        var isHungUp = false
        var isClosed = false
        /// nil while a request is being answered.
        var deadline: ContinuousClock.Instant?
    }

    let number: UInt64
    let transport: HTTPTransport
    private let descriptor: Int32
    private let patience: Patience
    private let state: Mutex<State>

    init(number: UInt64, descriptor: Int32, transport: HTTPTransport, patience: Patience) {
        self.number = number
        self.transport = transport
        self.descriptor = descriptor
        self.patience = patience
        state = Mutex(State(deadline: .now + patience.head))
    }

    func receivingBody() { state.withLock { $0.deadline = .now + patience.body } }

    /// An exchange is being answered: it is cancelled when the peer hangs up, or if it already has.
    func answering(_ exchange: Exchange) {
        let isHungUp = state.withLock { state in
            state.exchange = exchange
            state.deadline = nil
            return state.isHungUp
        }
        if isHungUp { exchange.cancel() }
    }

    /// The answer is out, and the next request may come.
    func answered() {
        state.withLock { state in
            state.exchange = nil
            state.deadline = .now + patience.nextHead
        }
    }

    func hungUp() {
        let exchange = state.withLock { state in
            state.isHungUp = true
            return state.exchange
        }
        exchange?.cancel()
    }

    /// Cuts the connection of a client that takes too long.
    func expire(_ now: ContinuousClock.Instant) {
        state.withLock { state in
            guard !state.isClosed, let deadline = state.deadline, now > deadline else { return }
            state.deadline = nil
            shutdown(descriptor, Int32(SHUT_RDWR))
        }
    }

    /// The daemon is about to close the descriptor, whose number may then be another's.
    func closed() {
        state.withLock { state in
            state.isClosed = true
            state.exchange = nil
        }
    }
}
