import Domain

/// Prints some pieces and ends, or waits to be cancelled.
struct DoubleRunner: Runner {
    var pieces: [String] = []
    var waits = false
    var refusal: RequestError?

    func run(_ request: RunRequest, id: RunID, observer: RunObserver?) async throws(RequestError) -> RunResult
    {
        if let refusal { throw refusal }
        for (number, piece) in pieces.enumerated() {
            let output = RunEvent.Output(stream: .stdout, bytes: Array(piece.utf8))
            await observer?(RunEvent(run: id, number: number, time: 0, policy: "", payload: .output(output)))
        }
        while waits, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(5)) }
        let status: RunStatus = waits ? .cancelled : .succeeded
        return RunResult(
            id: id, verdict: Verdict(status: status, exitCode: 0), language: "python", created: 0)
    }
}
