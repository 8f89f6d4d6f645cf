/// Hears of each event of a run, in order; the run waits for it, so it bounds how fast output is read.
package typealias RunObserver = @Sendable (RunEvent) async -> Void

/// Runs programs: the engine itself, a service elsewhere, or a double in tests.
package protocol Runner: Sendable {
    /// Runs one program to its end.
    ///
    /// Cancelling the task ends the run as `cancelled`; the result still comes.
    ///
    /// `id`: Chosen by the caller, so that it can be named before the run ends.
    /// `observer`: Awaited for every event; nil where only the result matters.
    /// Returns: The fold of all events. A guest that fails is a result, not an error.
    /// Throws: ``RequestError`` before anything ran.
    func run(_ request: RunRequest, id: RunID, observer: RunObserver?) async throws(RequestError) -> RunResult
    /// A digest of everything that can change what a request comes to; nil where that can't be told before it runs.
    func outcomeAddress(of request: RunRequest) async -> String?
    /// What makes and keeps environments of libraries; nil where this runner has none.
    var environments: (any EnvironmentKeeper)? { get }
    /// What makes and keeps sessions; nil where this runner has none.
    var sessions: (any SessionKeeper)? { get }
    /// Refuses new runs and those that wait for their turn; the ones that began go on.
    func drain()
}

extension Runner {
    package func outcomeAddress(of request: RunRequest) async -> String? { nil }
    package var environments: (any EnvironmentKeeper)? { nil }
    package var sessions: (any SessionKeeper)? { nil }
    package func drain() {}
}

extension Runner {
    /// Runs one program under a new id, without an observer.
    package func run(_ request: RunRequest) async throws(RequestError) -> RunResult {
        try await run(request, id: RunID.now(), observer: nil)
    }
}
