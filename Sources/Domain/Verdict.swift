/// How a step ended, and which limit had a part in it.
package struct Verdict: Hashable, Sendable {
    package var status: RunStatus
    package var exitCode: Int32?
    package var signal: Int32?
    package var limit: LimitHit?

    package init(status: RunStatus, exitCode: Int32? = nil, signal: Int32? = nil, limit: LimitHit? = nil) {
        self.status = status
        self.exitCode = exitCode
        self.signal = signal
        self.limit = limit
    }
}
