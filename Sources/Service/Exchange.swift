internal import API
internal import CMicroHTTPD
internal import Synchronization

/// One request on a connection, from its headers to its answer.
///
/// The daemon's thread receives, suspends and sends; the task that answers runs anywhere. They meet in
/// ``suspendUnlessAnswered()`` and ``answer(_:)``, whichever comes first.
final class Exchange: Sendable {
    private struct State {
        var body: [UInt8] = []
        /// Why the body is not kept; it is read on only so that the client comes to read the answer.
        var refusal: HTTPResponse?
        var discarded = 0
        var isComplete = false
        var isSuspended = false
        var isOver = false
        var isCancelled = false
        var cancel: (@Sendable () -> Void)?
        var response: HTTPResponse?
        /// Of an answer that is made while it is sent.
        var sender: StreamSender?
    }

    let peer: Peer
    private let head: HTTPRequest
    private let connection: ConnectionHandle
    private let budget: BodyBudget
    private let state = Mutex(State())

    init(_ head: HTTPRequest, connection: ConnectionHandle, peer: Peer, budget: BodyBudget) {
        self.head = head
        self.connection = connection
        self.peer = peer
        self.budget = budget
    }

    /// Takes a piece of the body.
    ///
    /// - Returns: Whether to go on; a client that sends on and on after it was refused is cut off.
    func receive(_ piece: UnsafeRawBufferPointer) -> Bool {
        state.withLock { state in
            if state.refusal == nil {
                state.refusal = budget.take(piece.count, alreadyTaken: state.body.count)
            }
            guard state.refusal != nil else {
                state.body.append(contentsOf: piece)
                return true
            }
            state.discarded += piece.count
            return state.discarded <= budget.mostDiscarded
        }
    }

    /// What has to happen now that the daemon calls without a piece of the body.
    enum Turn {
        case start(HTTPRequest)
        case send(HTTPResponse)
        case wait
    }

    func takeTurn() -> Turn {
        state.withLock { state in
            if let response = state.response ?? state.refusal {
                state.response = nil
                return .send(response)
            }
            guard !state.isComplete else { return .wait }
            state.isComplete = true
            var request = head
            request.body = state.body
            return .start(request)
        }
    }

    func attach(_ cancel: @escaping @Sendable () -> Void) {
        let isCancelled = state.withLock { state in
            state.cancel = cancel
            return state.isCancelled
        }
        if isCancelled { cancel() }
    }

    /// Leaves the connection until there is an answer, or gives the answer that is there already.
    func suspendUnlessAnswered() -> HTTPResponse? {
        state.withLock { state in
            if let response = state.response {
                state.response = nil
                return response
            }
            state.isSuspended = true
            MHD_suspend_connection(connection.pointer)
            return nil
        }
    }

    /// Hands over the answer; one that comes after the end, or after another, is dropped.
    func answer(_ response: HTTPResponse) {
        state.withLock { state in
            guard !state.isOver, state.response == nil, state.sender == nil else {
                response.drop()
                return
            }
            state.response = response
            guard state.isSuspended else { return }
            state.isSuspended = false
            MHD_resume_connection(connection.pointer)
        }
    }

    /// Remembers who sends the answer, to cut it off when the client is gone.
    func isSent(by sender: StreamSender) {
        let isCancelled = state.withLock { state in
            state.sender = sender
            return state.isCancelled
        }
        if isCancelled { sender.cut() }
    }

    /// Nobody waits for the answer any more.
    func cancel() {
        let (cancel, sender) = state.withLock { state in
            state.isCancelled = true
            return (state.cancel, state.sender)
        }
        cancel?()
        sender?.cut()
    }

    /// The daemon is done with the request, one way or the other; the connection may be gone after this.
    func end(wasSent: Bool) {
        let ended = state.withLock { state in
            defer {
                state.body = []
                state.cancel = nil
                state.sender = nil
                state.response = nil
            }
            state.isOver = true
            return state
        }
        budget.give(ended.body.count)
        ended.sender?.end()
        ended.response?.drop()
        if !wasSent { ended.cancel?() }
    }
}

extension HTTPResponse {
    /// Nobody will send it.
    fileprivate func drop() {
        if case .stream(let stream) = body { stream.cancel() }
    }
}
