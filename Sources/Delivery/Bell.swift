internal import Synchronization

/// Wakes one waiter; a ring while nobody waits counts for the next wait.
final class Bell: Sendable {
    private struct State {
        var isRung = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func ring() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard let waiter = state.waiter else {
                state.isRung = true
                return nil
            }
            state.waiter = nil
            return waiter
        }
        waiter?.resume()
    }

    /// Returns when it is rung, or after a time.
    func wait(for time: Duration) async {
        let alarm = Task {
            guard (try? await Task.sleep(for: time)) != nil else { return }
            self.ring()
        }
        await withCheckedContinuation { continuation in
            let isRung = state.withLock { state in
                guard !state.isRung else { return true }
                state.waiter = continuation
                return false
            }
            if isRung { continuation.resume() }
        }
        state.withLock { $0.isRung = false }
        alarm.cancel()
    }
}
