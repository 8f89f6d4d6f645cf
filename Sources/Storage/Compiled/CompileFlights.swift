internal import Synchronization

/// Sees to it that of all runs that compile the same thing at the same time, one does.
final class CompileFlights: Sendable {
    enum Seat: Sendable {
        /// The caller compiles, and lands whatever comes of it.
        case leader
        /// Another one compiled; nil where that came to nothing, or where the caller was cancelled.
        case follower(CompiledProgram?)
    }

    private struct State {
        var waiting: [String: [Int: CheckedContinuation<Seat, Never>]] = [:]
        var tickets = 0
    }

    private let state = Mutex(State())

    func board(_ address: String) async -> Seat {
        let ticket = state.withLock { state in
            state.tickets += 1
            return state.tickets
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let seat: Seat? = state.withLock { state in
                    guard state.waiting[address] != nil else {
                        state.waiting[address] = [:]
                        return .leader
                    }
                    if Task.isCancelled { return .follower(nil) }
                    state.waiting[address]?[ticket] = continuation
                    return nil
                }
                if let seat { continuation.resume(returning: seat) }
            }
        } onCancel: {
            let continuation = state.withLock { $0.waiting[address]?.removeValue(forKey: ticket) }
            continuation?.resume(returning: .follower(nil))
        }
    }

    func land(_ address: String, _ program: CompiledProgram?) {
        let waiting = state.withLock { $0.waiting.removeValue(forKey: address) }
        for continuation in (waiting ?? [:]).values { continuation.resume(returning: .follower(program)) }
    }
}
