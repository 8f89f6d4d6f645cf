internal import Domain
internal import Glibc
internal import Synchronization

/// Takes output from the task that runs a program, and writes it on the thread that serves the desk.
final class OutputDesk: Sendable {
    private struct Piece {
        var descriptor: Int32
        var bytes: [UInt8]
        var written: CheckedContinuation<Void, Never>
    }

    private struct State {
        var waiting: [Piece] = []
        var ending: Result<RunResult, RequestError>?
        var nobodyReads = false
    }

    private let state = Mutex(State())
    private let bell = Bell()

    /// Whether our own standard output or error was closed by its reader.
    var nobodyReads: Bool { state.withLock { $0.nobodyReads } }

    /// Hands output over; returns when it is written.
    func take(_ event: RunEvent) async {
        let descriptor: Int32
        let bytes: [UInt8]
        switch event.payload {
        case .output(let output): (descriptor, bytes) = (output.stream == .stdout ? 1 : 2, output.bytes)
        case .preparing(let text): (descriptor, bytes) = (2, Array("diatom: \(text)\n".utf8))
        default: return
        }
        await withCheckedContinuation { written in
            let piece = Piece(descriptor: descriptor, bytes: bytes, written: written)
            state.withLock { $0.waiting.append(piece) }
            bell.ring()
        }
    }

    func finish(_ ending: Result<RunResult, RequestError>) {
        state.withLock { $0.ending = ending }
        bell.ring()
    }

    /// Writes until the end has come.
    ///
    /// `cancel`: Called when a signal came, or when nobody reads any more.
    func serve(interrupts: Interrupts, cancel: () -> Void) -> Result<RunResult, RequestError> {
        var watchesInterrupts = true
        while true {
            let pieces = state.withLock { state in
                let pieces = state.waiting
                state.waiting = []
                return pieces
            }
            for piece in pieces { write(piece, interrupts: interrupts, cancel: cancel) }
            if pieces.isEmpty, let ending = state.withLock({ $0.ending }) { return ending }
            guard pieces.isEmpty else { continue }
            var watched = [
                pollfd(fd: bell.descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: watchesInterrupts ? interrupts.descriptor : -1, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&watched, 2, -1) > 0 else { continue }
            if watched[1].revents != 0 {
                watchesInterrupts = false
                cancel()
            }
            bell.silence()
        }
    }

    private func write(_ piece: Piece, interrupts: Interrupts, cancel: () -> Void) {
        let written = DescriptorOutput.writeAll(piece.bytes, to: piece.descriptor) {
            if interrupts.came { cancel() }
        }
        if !written {
            state.withLock { $0.nobodyReads = true }
            cancel()
        }
        piece.written.resume()
    }
}
