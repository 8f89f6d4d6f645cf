internal import Domain
internal import Posix
internal import Synchronization
internal import Workers

/// A live interpreter of a session, and the cells that it is given, one after another.
///
/// Its process can be another later on: after it died, or after a rollback.
final class SessionContext: Sendable {
    private struct State {
        var process: SessionProcess?
        var number: UInt64?
        /// Told apart from those before it.
        var generation = 0
        var cell: CellRun?
        /// Printed while no cell ran; the next one has it.
        var idleOutput: [RunEvent.Output] = []
        var idleBytes = 0
        var completing: CheckedContinuation<Completions?, Never>?
        var guardian: CellGuardian?
    }

    /// Of what is printed between two cells.
    private static let mostIdle = 64 << 10

    let id: String
    let language: ContextLanguage
    let cwd: String
    /// Held by the cell that runs.
    let turn = TurnLock()
    private let state = Mutex(State())

    init(id: String, language: ContextLanguage, cwd: String) {
        self.id = id
        self.language = language
        self.cwd = cwd
    }

    var process: SessionProcess? { state.withLock { $0.process } }
    /// Its process's number in the sandbox.
    var number: UInt64? { state.withLock { $0.number } }
    var current: CellRun? { state.withLock { $0.cell } }
    /// Who sees to it that the cell that runs ends.
    var guardian: CellGuardian? {
        get { state.withLock { $0.guardian } }
        set { state.withLock { $0.guardian = newValue } }
    }
    var isBusy: Bool { state.withLock { $0.cell != nil } }
    var info: ContextInfo { ContextInfo(id: id, language: language.rawValue, cwd: cwd, isBusy: isBusy) }

    /// Speaks to another process from now on, and hears it to its end.
    func adopt(_ process: SessionProcess) {
        let generation = state.withLock { state in
            state.process = process
            state.number = process.number
            state.generation += 1
            state.idleOutput = []
            state.idleBytes = 0
            return state.generation
        }
        Task {
            while let event = await process.channel.next() { await hear(event, generation) }
        }
    }

    private func hear(_ event: ProcessEvent, _ generation: Int) async {
        let (isCurrent, cell) = state.withLock { ($0.generation == generation, $0.cell) }
        guard isCurrent else { return }
        switch event {
        case .output(let output):
            if let cell { await cell.take(output) } else { keep(output) }
        case .frame(let bytes):
            if let frame = ContextFrame(bytes) { await hear(frame, cell) }
        case .ended(let end):
            let completing = state.withLock { state in
                state.process = nil
                defer { state.completing = nil }
                return state.completing
            }
            completing?.resume(returning: nil)
            cell?.end(.died(end))
        }
    }

    private func keep(_ output: RunEvent.Output) {
        state.withLock { state in
            guard state.idleBytes + output.bytes.count <= Self.mostIdle else { return }
            state.idleBytes += output.bytes.count
            state.idleOutput.append(output)
        }
    }

    private func hear(_ frame: ContextFrame, _ cell: CellRun?) async {
        if case .completions(let completions) = frame {
            let waiter = state.withLock { state in
                defer { state.completing = nil }
                return state.completing
            }
            waiter?.resume(returning: completions)
        }
        guard let cell else { return }
        switch frame {
        case .value(let shown): await cell.take(shown, isValue: true)
        case .display(let shown): await cell.take(shown, isValue: false)
        case .error(let error): await cell.take(error)
        case .input(let asked): if await !cell.take(asked) { _ = answer(asked.id, nil) }
        case .finished(let succeeded, let exitCode, let count):
            cell.end(.finished(succeeded: succeeded, exitCode: exitCode, count: count))
        case .completions: break
        }
    }

    /// Gives the context a cell and waits for its end; the turn is the caller's.
    ///
    /// Returns: nil where there is no process that takes it.
    func perform(_ cell: CellRun, _ request: CellRequest) async -> CellRun.End? {
        let (process, earlier): (SessionProcess?, [RunEvent.Output]) = state.withLock { state in
            state.cell = cell
            defer {
                state.idleOutput = []
                state.idleBytes = 0
            }
            return (state.process, state.idleOutput)
        }
        defer { state.withLock { $0.cell = nil } }
        await cell.started()
        for output in earlier { await cell.take(output) }
        guard let process, process.write(language.encode(request)) else { return nil }
        return await cell.whenEnded()
    }

    /// Answers what the running cell asks for; nil ends its input.
    ///
    /// Returns: Whether it could be handed on.
    func answer(_ id: String, _ text: String?) -> Bool {
        guard language == .python, let process else { return false }
        return process.write(
            FrameWriter.frame { writer in
                writer.name("input")
                writer.beginObject()
                writer.member("id", id)
                writer.name("text")
                writer.value(text)
                writer.endObject()
            })
    }

    /// What could stand at a place of some code; the turn is the caller's.
    func complete(_ code: String, cursor: Int?) async -> Completions? {
        guard language == .python, let process else { return nil }
        let frame = FrameWriter.frame { writer in
            writer.name("complete")
            writer.beginObject()
            writer.member("code", code)
            writer.name("cursor")
            writer.value(cursor)
            writer.endObject()
        }
        return await withCheckedContinuation { continuation in
            state.withLock { $0.completing = continuation }
            guard !process.write(frame) else { return }
            let waiter = state.withLock { state in
                defer { state.completing = nil }
                return state.completing
            }
            waiter?.resume(returning: nil)
        }
    }

    /// Ends whatever waits for the process that there was: it is another's now, or nobody's.
    func detach(_ end: ProcessEnd) {
        let (cell, completing) = state.withLock { state in
            state.process = nil
            state.generation += 1
            defer { state.completing = nil }
            return (state.cell, state.completing)
        }
        completing?.resume(returning: nil)
        cell?.end(.died(end))
    }
}
