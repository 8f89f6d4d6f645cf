internal import Domain

/// Makes a result of a run's events.
struct RunFold {
    private(set) var isFinished = false
    var result: RunResult

    init(id: RunID, language: String, detected: Bool) {
        result = RunResult(
            id: id, verdict: Verdict(status: .engineFailed), language: language, created: WallClock.now())
        result.detected = detected
    }

    mutating func take(_ event: RunEvent) {
        switch event.payload {
        case .preparing, .started, .denied: break
        case .prepared(let environment): result.environment = environment
        case .output(let output):
            switch output.stream {
            case .stdout: result.stdout.append(contentsOf: output.bytes)
            case .stderr: result.stderr.append(contentsOf: output.bytes)
            }
        case .result(let shown): result.results.append(shown)
        case .file(let file): result.files.append(file)
        case .filesLeftOut(let count, let reason):
            result.filesLeftOut = count
            result.filesLeftOutReason = reason
        case .compiled(let compile): result.compile = compile
        case .tested(let run): result.runs.append(run)
        case .finished(let finished):
            isFinished = true
            result.verdict = finished.verdict
            result.usage = finished.usage
            result.network = finished.network
            result.stdoutCut = finished.stdoutCut
            result.stderrCut = finished.stderrCut
        }
    }
}
