internal import Synchronization
internal import Workers

/// The sandbox of a session as long as anything needs it: the session, or those that branched off and are nested in it.
final class SessionHull: Sendable {
    private struct State {
        var branches = 0
        var isRetired = false
        var hasEnded = false
    }

    private let sandbox: SandboxSession
    private let outer: SessionHull?
    private let state = Mutex(State())

    init(_ sandbox: SandboxSession, within outer: SessionHull?) {
        self.sandbox = sandbox
        self.outer = outer
        outer?.state.withLock { $0.branches += 1 }
    }

    /// Its session has ended; what branched off goes on.
    func end() {
        let isFree = state.withLock { state in
            state.isRetired = true
            return state.branches == 0
        }
        if isFree { sandbox.end() } else { Task { await sandbox.retire() } }
    }

    /// The sandbox is gone.
    func hasEnded() {
        let isFirst = state.withLock { state in
            defer { state.hasEnded = true }
            return !state.hasEnded
        }
        if isFirst { outer?.isLeft() }
    }

    private func isLeft() {
        let isFree = state.withLock { state in
            state.branches -= 1
            return state.branches == 0 && state.isRetired
        }
        if isFree { sandbox.end() }
    }
}
