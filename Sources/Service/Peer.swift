internal import Glibc
internal import Synchronization

/// One open connection: who waits on it, and since when it has been sending a request.
final class Peer: Sendable {
    private struct State {
        var exchange: Exchange?
        var isHungUp = false
        var isClosed = false
        /// nil while a request is being answered.
        var receivingSince: ContinuousClock.Instant?
    }

    let number: UInt64
    private let descriptor: Int32
    private let state: Mutex<State>

    init(number: UInt64, descriptor: Int32) {
        self.number = number
        self.descriptor = descriptor
        state = Mutex(State(receivingSince: .now))
    }

    /// An exchange is being answered: it is cancelled when the peer hangs up, or if it already has.
    func answering(_ exchange: Exchange) {
        let isHungUp = state.withLock { state in
            state.exchange = exchange
            state.receivingSince = nil
            return state.isHungUp
        }
        if isHungUp { exchange.cancel() }
    }

    /// The answer is out, and the next request may come.
    func answered() {
        state.withLock { state in
            state.exchange = nil
            state.receivingSince = .now
        }
    }

    func hungUp() {
        let exchange = state.withLock { state in
            state.isHungUp = true
            return state.exchange
        }
        exchange?.cancel()
    }

    /// Cuts the connection of a client that takes too long to send its request.
    func expire(_ now: ContinuousClock.Instant, after limit: Duration) {
        state.withLock { state in
            guard !state.isClosed, let since = state.receivingSince, now - since > limit else { return }
            state.receivingSince = nil
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
