internal import API
internal import CMicroHTTPD
internal import Glibc
internal import Synchronization

/// Gives the daemon a body that is made while it is sent, and suspends the connection while there is nothing to send.
///
/// One piece at a time is pulled and held, so a client that reads slowly holds up the one who makes the body.
final class StreamSender: Sendable {
    private struct State {
        var piece: [UInt8] = []
        var sent = 0
        var isPulling = false
        /// No more will come.
        var isEnded = false
        /// What should have come cannot be had.
        var isBroken = false
        var isSuspended = false
        /// The connection may be gone.
        var isOver = false
    }

    private let stream: any HTTPBodyStream
    private let connection: ConnectionHandle
    private let owner: TaskOwner
    private let state = Mutex(State())

    init(_ stream: any HTTPBodyStream, _ connection: ConnectionHandle, owner: TaskOwner) {
        self.stream = stream
        self.connection = connection
        self.owner = owner
    }

    private enum Step {
        case send(Int)
        case pull
    }

    /// Copies what there is, on the daemon's thread.
    ///
    /// - Returns: How many bytes; 0 when the connection was suspended; `DIATOM_HTTP_END` after the last, and
    ///   `DIATOM_HTTP_BROKEN` where the connection must be cut.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        while true {
            switch step(buffer) {
            case .send(let count): return count
            case .pull: owner.startHere { await self.pull() }
            }
        }
    }

    /// The client is gone, or the service ends: no more is made, and what waits is woken.
    func cut() {
        stream.cancel()
        state.withLock { state in
            state.isEnded = true
            resume(&state)
        }
    }

    /// The daemon is done with the answer; the connection may be gone after this.
    func end() {
        state.withLock { $0.isOver = true }
        stream.cancel()
    }

    private func step(_ buffer: UnsafeMutableRawBufferPointer) -> Step {
        state.withLock { state in
            let count = min(state.piece.count - state.sent, buffer.count)
            if count > 0 {
                let part = state.piece[state.sent..<(state.sent + count)]
                UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]).copyBytes(from: part)
                state.sent += count
                // A client may now wait for hours.
                if state.sent == state.piece.count { (state.piece, state.sent) = ([], 0) }
                return .send(count)
            }
            if state.isBroken { return .send(DIATOM_HTTP_BROKEN) }
            if state.isEnded { return .send(DIATOM_HTTP_END) }
            guard !state.isPulling else {
                state.isSuspended = true
                MHD_suspend_connection(connection.pointer)
                return .send(0)
            }
            state.isPulling = true
            return .pull
        }
    }

    private func pull() async {
        var piece: [UInt8]?
        var isBroken = false
        do throws(BrokenBody) { piece = try await stream.next() } catch { isBroken = true }
        let (next, broke) = (piece, isBroken)
        state.withLock { state in
            state.isBroken = broke
            state.isPulling = false
            state.sent = 0
            state.piece = next ?? []
            if next == nil { state.isEnded = true }
            resume(&state)
        }
    }

    private func resume(_ state: inout State) {
        guard state.isSuspended, !state.isOver else { return }
        state.isSuspended = false
        MHD_resume_connection(connection.pointer)
    }
}
