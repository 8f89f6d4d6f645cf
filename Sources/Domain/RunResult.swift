/// Everything there is to say of a run, once it has ended.
package struct RunResult: Hashable, Sendable {
    package var id: RunID
    package var verdict: Verdict
    /// The language pack's id.
    package var language: String
    package var version: String?
    package var detected = false
    package var stdout: [UInt8] = []
    package var stderr: [UInt8] = []
    package var stdoutCut = false
    package var stderrCut = false
    /// What the program shows besides its output; the guest's word.
    package var results: [RichResult] = []
    package var error: GuestError?
    /// What went wrong with the sandbox itself, when the status is `engine_failed`.
    package var failure: String?
    package var compile: CompileResult?
    /// Of the request's tests, in its order; all that is said above and below is then of all of them together.
    package var runs: [RunResult] = []
    package var usage = Usage()
    /// What was made of the network, where there was one.
    package var network: NetworkUse?
    package var files: [CollectedFile] = []
    /// How many files matched but were not given back, and why.
    package var filesLeftOut: Int = 0
    package var filesLeftOutReason: String?
    /// The hash of the environment of libraries that it ran in.
    package var environment: String?
    package var receipt: Receipt?
    /// Until the first instruction, ``startup`` included.
    package var queued: Duration = .zero
    /// From the order to the jailer to the first instruction.
    package var startup: Duration = .zero
    /// Nanoseconds since 1970.
    package var created: Int64

    package init(id: RunID, verdict: Verdict, language: String, created: Int64) {
        self.id = id
        self.verdict = verdict
        self.language = language
        self.created = created
    }
}

/// The compile step of a run.
package struct CompileResult: Hashable, Sendable {
    package var verdict: Verdict
    package var stdout: [UInt8] = []
    package var stderr: [UInt8] = []
    package var usage = Usage()
    /// Whether an earlier run had compiled the same.
    package var cached = false
    /// What the compiler says is wrong, in its order; the guest's word.
    package var errors: [GuestError] = []

    package init(verdict: Verdict) { self.verdict = verdict }
}
