internal import Domain
internal import JSON
internal import Synchronization
internal import Workers

/// One cell while it runs: what its context says of it is gathered, bounded, and handed on.
///
/// Everything a context says is its own word; how the cell ended is decided by whoever runs it.
final class CellRun: Sendable {
    enum End: Sendable {
        /// As the context says.
        case finished(succeeded: Bool, exitCode: Int32?, count: Int?)
        case died(ProcessEnd)

        var hasSucceeded: Bool {
            if case .finished(true, _, _) = self { true } else { false }
        }
    }

    private struct State {
        var result: CellResult
        var shown = 0
        var shownBytes = 0
        var end: End?
        var waiter: CheckedContinuation<End, Never>?
        var asked: InputRequest?
    }

    private static let mostShown = 100
    private static let mostShownBytes = 16 << 20

    let id: String
    private let request: CellRequest
    private let observer: CellObserver?
    private let onOverflow: @Sendable () -> Void
    private let state: Mutex<State>

    /// `onOverflow`: What happens when it has printed more than it may; called once.
    init(
        id: String, _ request: CellRequest, context: String, observer: CellObserver?,
        onOverflow: @escaping @Sendable () -> Void
    ) {
        self.id = id
        self.request = request
        self.observer = observer
        self.onOverflow = onOverflow
        state = Mutex(
            State(result: CellResult(verdict: Verdict(status: .engineFailed), context: context)))
    }

    /// What it has come to; whole once it has ended.
    var result: CellResult { state.withLock { $0.result } }

    var isCut: Bool { state.withLock { $0.result.stdoutCut || $0.result.stderrCut } }

    func started() async {
        await observer?(.started(cell: id, context: state.withLock { $0.result.context }))
    }

    func rolledBack() async {
        state.withLock { $0.result.isRolledBack = true }
        await observer?(.rolledBack)
    }

    func take(_ output: RunEvent.Output) async {
        let (kept, isFirst) = state.withLock { state in
            let room = request.output.bytes - state.result.usage.output.bytes
            let kept = min(room, output.bytes.count)
            state.result.usage.output.bytes += kept
            let part = kept == output.bytes.count ? output.bytes : Array(output.bytes[0..<kept])
            if output.stream == .stdout { state.result.stdout += part } else { state.result.stderr += part }
            guard kept < output.bytes.count else { return (part, false) }
            let isFirst = !state.result.stdoutCut && !state.result.stderrCut
            if output.stream == .stdout {
                state.result.stdoutCut = true
            } else {
                state.result.stderrCut = true
            }
            return (part, isFirst)
        }
        if isFirst { onOverflow() }
        if !kept.isEmpty { await observer?(.output(RunEvent.Output(stream: output.stream, bytes: kept))) }
    }

    func take(_ shown: RichResult, isValue: Bool) async {
        let size = shown.forms.reduce(0) { $0 + $1.json.count }
        let isKept = state.withLock { state in
            guard state.shown < Self.mostShown, state.shownBytes + size <= Self.mostShownBytes else {
                return false
            }
            state.shown += 1
            state.shownBytes += size
            state.result.results.append(shown)
            return true
        }
        if isKept { await observer?(isValue ? .result(shown) : .display(shown)) }
    }

    func take(_ error: GuestError) async {
        state.withLock { $0.result.error = error }
        await observer?(.error(error))
    }

    /// The context asks for input.
    ///
    /// Returns: Whether somebody may answer.
    func take(_ asked: InputRequest) async -> Bool {
        guard request.answersInput, let observer else { return false }
        state.withLock { $0.asked = asked }
        await observer(.inputRequest(asked))
        return true
    }

    /// Whether this is what it waits for; then it waits no more.
    func answers(_ id: String) -> Bool {
        state.withLock { state in
            guard state.asked?.id == id else { return false }
            state.asked = nil
            return true
        }
    }

    func end(_ end: End) {
        let waiter = state.withLock { state in
            if state.end == nil { state.end = end }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: end)
    }

    func whenEnded() async -> End {
        await withCheckedContinuation { continuation in
            let end = state.withLock { state in
                if state.end == nil { state.waiter = continuation }
                return state.end
            }
            if let end { continuation.resume(returning: end) }
        }
    }

    func conclude(_ fill: (inout CellResult) -> Void) -> CellResult {
        state.withLock { state in
            fill(&state.result)
            return state.result
        }
    }
}
