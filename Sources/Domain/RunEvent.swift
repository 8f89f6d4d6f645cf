/// One thing that happened to a run, in order; a result is the fold of all of them.
package struct RunEvent: Sendable {
    package enum Payload: Sendable {
        /// What is done to make the run's environment of libraries, in words; nothing has been started yet.
        case preparing(String)
        /// The environment that the run has, by its hash.
        case prepared(String)
        case started(Started)
        case output(Output)
        case result(RichResult)
        case file(CollectedFile)
        case filesLeftOut(count: Int, reason: String)
        /// The program wanted something of the network that it may not have.
        case denied(NetworkDenial)
        case compiled(CompileResult)
        /// One of the request's tests ended; they come in the request's order.
        case tested(RunResult)
        case finished(Finished)
    }

    package struct Started: Sendable {
        package var step: Limits.Step
        package var receipt: Receipt

        package init(step: Limits.Step, receipt: Receipt) {
            self.step = step
            self.receipt = receipt
        }
    }

    package struct Output: Sendable {
        package enum Stream: String, Sendable { case stdout, stderr }

        package var stream: Stream
        package var bytes: [UInt8]

        package init(stream: Stream, bytes: [UInt8]) {
            self.stream = stream
            self.bytes = bytes
        }
    }

    package struct Finished: Sendable {
        package var verdict: Verdict
        package var usage: Usage
        /// Which streams lost bytes to the output limit.
        package var stdoutCut = false
        package var stderrCut = false
        /// Of a run that had a network.
        package var network: NetworkUse?

        package init(verdict: Verdict, usage: Usage) {
            self.verdict = verdict
            self.usage = usage
        }
    }

    package var run: RunID
    /// Counts up from 0 within a run.
    package var number: Int
    /// Nanoseconds since 1970.
    package var time: Int64
    /// The hash of the policy in force, as in the receipt.
    package var policy: String
    package var payload: Payload

    package init(run: RunID, number: Int, time: Int64, policy: String, payload: Payload) {
        self.run = run
        self.number = number
        self.time = time
        self.policy = policy
        self.payload = payload
    }
}
