internal import Glibc
internal import Synchronization

/// A thread of one's own for calls that block: the cooperative pool has as few threads as cores.
///
/// The thread lives until ``stop()``; what was handed over before that still runs.
package final class BlockingThread: TaskExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var isStopped = false
    }

    private let state = Mutex(State())
    /// Counts the calls of ``ring()``; freed with the object, which the thread keeps alive.
    nonisolated(unsafe) private let wake: UnsafeMutablePointer<sem_t>

    package init() throws(SystemFailure) {
        wake = .allocate(capacity: 1)
        sem_init(wake, 0, 0)
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self)
        let code = pthread_create(&thread, nil, blockingThreadMain, context.toOpaque())
        guard code == 0 else {
            context.release()
            throw SystemFailure(operation: "pthread_create", code: code)
        }
        pthread_detach(thread)
    }

    deinit {
        sem_destroy(wake)
        wake.deallocate()
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.jobs.append(job) }
        ring()
    }

    /// Lets the thread end once it has done what it was given.
    package func stop() {
        state.withLock { $0.isStopped = true }
        ring()
    }

    /// Does work that may block on this thread, while the caller only waits.
    package func perform<Value: Sendable, Failure: Error>(
        _ work: @Sendable () throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        try await withTaskExecutorPreference(self) { () async throws(Failure) -> Value in try work() }
    }

    private func ring() {
        sem_post(wake)
    }

    fileprivate func work() {
        while true {
            let (jobs, isStopped) = state.withLock { state in
                defer { state.jobs = [] }
                return (state.jobs, state.isStopped)
            }
            for job in jobs { unsafe job.runSynchronously(on: asUnownedTaskExecutor()) }
            if jobs.isEmpty {
                if isStopped { return }
                while sem_wait(wake) != 0 {}
            }
        }
    }
}

private func blockingThreadMain(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    Unmanaged<BlockingThread>.fromOpaque(context).takeRetainedValue().work()
    return nil
}
