internal import Synchronization

/// Owns tasks that outlive the call that starts them, but never their owner's end.
package final class TaskOwner: Sendable {
    private struct State {
        var next = 0
        /// nil until the task's handle is known.
        var running: [Int: (@Sendable () -> Void)?] = [:]
        var cancelsAll = false
    }

    private let state = Mutex(State())

    package init() {}

    package var count: Int { state.withLock { $0.running.count } }

    /// Starts a task on the calling thread, which goes on when the task first waits.
    @discardableResult
    package func startHere<Value: Sendable>(
        _ operation: @escaping @Sendable () async -> Value
    ) -> Task<Value, Never> {
        let number = enter()
        let task = Task.immediate {
            let value = await operation()
            self.leave(number)
            return value
        }
        adopt(number) { task.cancel() }
        return task
    }

    /// Starts a task on the pool.
    @discardableResult
    package func start<Value: Sendable>(
        _ operation: @escaping @Sendable () async -> Value
    ) -> Task<Value, Never> {
        let number = enter()
        let task = Task {
            let value = await operation()
            self.leave(number)
            return value
        }
        adopt(number) { task.cancel() }
        return task
    }

    /// Waits for all tasks; those that are left when the grace ends are cancelled, and waited for again.
    ///
    /// - Returns: Whether all have ended. A task that ignores its cancellation is given up.
    package func shutDown(
        grace: Duration, afterCancelling patience: Duration, clock: some Clock<Duration> = ContinuousClock()
    ) async -> Bool {
        if await becomesEmpty(within: grace, clock: clock) { return true }
        cancelAll()
        return await becomesEmpty(within: patience, clock: clock)
    }

    private func cancelAll() {
        let cancellations = state.withLock { state in
            state.cancelsAll = true
            return state.running.values.compactMap { $0 }
        }
        for cancel in cancellations { cancel() }
    }

    private func becomesEmpty(within limit: Duration, clock: some Clock<Duration>) async -> Bool {
        var waited = Duration.zero
        let step = Duration.milliseconds(5)
        while count > 0, waited < limit {
            try? await clock.sleep(for: step)
            waited += step
            if Task.isCancelled { break }
        }
        return count == 0
    }

    private func enter() -> Int {
        state.withLock { state in
            state.next += 1
            state.running.updateValue(nil, forKey: state.next)
            return state.next
        }
    }

    private func adopt(_ number: Int, _ cancel: @escaping @Sendable () -> Void) {
        let cancelNow = state.withLock { state in
            guard state.running.index(forKey: number) != nil else { return false }
            state.running.updateValue(cancel, forKey: number)
            return state.cancelsAll
        }
        if cancelNow { cancel() }
    }

    private func leave(_ number: Int) {
        state.withLock { _ = $0.running.removeValue(forKey: number) }
    }
}
