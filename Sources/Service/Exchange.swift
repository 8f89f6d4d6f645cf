internal import API
internal import CMicroHTTPD
internal import Domain
internal import Synchronization

/// One request on a connection, from its headers to its answer.
///
/// The daemon's thread receives, suspends and sends; the task that answers runs anywhere. They meet in
/// ``suspendUnlessAnswered()`` and ``answer(_:)``, whichever comes first.
final class Exchange: Sendable {
    private struct State {
        var body: [UInt8] = []
        /// Of a body that comes compressed.
        var inflater: Inflater?
        /// Why the body is not kept; it is read on only so that the client comes to read the answer.
        var refusal: HTTPResponse?
        var discarded = 0
        var isComplete = false
        var isSuspended = false
        var isOver = false
        var isCancelled = false
        var isAnswered = false
        var cancel: (@Sendable () -> Void)?
        var response: HTTPResponse?
        /// Of an answer that is made while it is sent.
        var sender: StreamSender?

        /// What is made of a few bytes is bounded as if it had come so.
        mutating func take(_ piece: UnsafeRawBufferPointer, _ budget: BodyBudget) {
            guard let inflater else { return keep(piece, budget) }
            do throws(Inflater.Malformed) {
                try inflater.feed(piece) { part in
                    keep(part, budget)
                    return refusal == nil
                }
            } catch { refusal = Self.malformed }
        }

        private mutating func keep(_ bytes: UnsafeRawBufferPointer, _ budget: BodyBudget) {
            refusal = budget.take(bytes.count, alreadyTaken: body.count)
            if refusal == nil { body.append(contentsOf: bytes) }
        }

        /// All that will come has come.
        mutating func end() {
            if refusal == nil, let inflater, !inflater.isWhole { refusal = Self.malformed }
            inflater = nil
            isComplete = true
        }

        private static let malformed = APIError(
            RequestError(.invalidValue, "Content-Encoding: the body is not one whole stream of gzip or zlib")
        ).response
    }

    let peer: Peer
    private let head: HTTPRequest
    private let connection: ConnectionHandle
    private let budget: BodyBudget
    private let state: Mutex<State>

    init(_ head: HTTPRequest, connection: ConnectionHandle, peer: Peer, budget: BodyBudget) {
        self.head = head
        self.connection = connection
        self.peer = peer
        self.budget = budget
        let encoding = head.headers["content-encoding"]?.lowercased() ?? ""
        let isKnown =
            ["gzip", "x-gzip", "deflate"].contains(encoding) && head.headers.count("content-encoding") == 1
        state = Mutex(State(inflater: isKnown ? Inflater() : nil))
    }

    /// Takes a piece of the body.
    ///
    /// - Returns: Whether to go on; a client that sends on and on after it was refused is cut off.
    func receive(_ piece: UnsafeRawBufferPointer) -> Bool {
        state.withLock { state in
            if state.refusal == nil { state.take(piece, budget) }
            guard state.refusal != nil else { return true }
            state.discarded += piece.count
            return state.discarded <= budget.mostDiscarded
        }
    }

    /// What has to happen now that the daemon calls without a piece of the body.
    enum Turn {
        case start(HTTPRequest)
        case send(HTTPResponse)
        /// The request was never whole.
        case refuse(HTTPResponse, HTTPRequest)
        case wait
    }

    func takeTurn() -> Turn {
        state.withLock { state in
            let wasComplete = state.isComplete
            let wasCompressed = state.inflater != nil
            state.end()
            if let response = state.response {
                state.response = nil
                return .send(response)
            }
            if let refusal = state.refusal { return .refuse(refusal, head) }
            guard !wasComplete else { return .wait }
            var request = head
            request.body = state.body
            if wasCompressed { request.headers.remove("content-encoding") }
            return .start(request)
        }
    }

    func attach(_ cancel: @escaping @Sendable () -> Void) {
        let isCancelled = state.withLock { state in
            if !state.isAnswered { state.cancel = cancel }
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
    ///
    /// The task that answers has nothing left to do; kept, it would keep the memory that it had.
    func answer(_ response: HTTPResponse) {
        state.withLock { state in
            state.isAnswered = true
            state.cancel = nil
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
