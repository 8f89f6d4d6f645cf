internal import Domain
internal import Synchronization
internal import Workers

/// Sees to it that a cell ends: by its limits, or because somebody wants it to.
final class CellGuardian: Sendable {
    /// Why a cell was stopped.
    enum Why: Sendable { case timeExceeded, cpuExceeded, outputExceeded, cancelled }

    private struct State {
        var why: Why?
        var tasks: [Task<Void, Never>] = []
        var isOver = false
    }

    private let session: Session
    private let context: SessionContext
    private let state = Mutex(State())

    init(session: Session, context: SessionContext) {
        self.session = session
        self.context = context
        context.guardian = self
    }

    func watch(wall: Duration, cpu: Duration, since start: Task<SessionMeasure?, Never>) {
        keep(
            Task {
                try? await Task.sleep(for: wall)
                if !Task.isCancelled { self.stop(.timeExceeded) }
            })
        guard cpu < wall * 64 else { return }
        keep(
            Task {
                await self.session.whenSpent(cpu, since: start)
                if !Task.isCancelled { self.stop(.cpuExceeded) }
            })
    }

    /// Interrupts it, for the first reason that there was.
    func stop(_ why: Why) {
        let isFirst = state.withLock { state in
            guard !state.isOver, state.why == nil else { return false }
            state.why = why
            return true
        }
        if isFirst { keep(Task { await self.session.interrupt(self.context) }) }
    }

    /// It has ended.
    ///
    /// Returns: Why it was stopped, if it was.
    func end() -> Why? {
        context.guardian = nil
        let (why, tasks) = state.withLock { state in
            state.isOver = true
            return (state.why, state.tasks)
        }
        for task in tasks { task.cancel() }
        return why
    }

    private func keep(_ task: Task<Void, Never>) {
        let isOver = state.withLock { state in
            state.tasks.append(task)
            return state.isOver
        }
        if isOver { task.cancel() }
    }
}
