/// A run as the history keeps it.
package struct RunRecord: Hashable, Sendable {
    package enum State: String, Hashable, Sendable, CaseIterable { case queued, running, ended, lost }

    package var id: RunID
    package var key: KeyID
    package var state: State
    package var language: String
    package var version: String?
    /// nil until it has ended, and where it was refused before anything ran.
    package var status: RunStatus?
    package var exitCode: Int32?
    package var signal: Int32?
    /// Name of the limit that had a part in its end.
    package var limit: String?
    package var cached = false
    /// The hash of the policy in force.
    package var policy: String?
    package var created: Int64
    package var ended: Int64?
    package var queued: Duration = .zero
    package var wall: Duration?
    package var cpu: Duration?
    package var memoryPeak: ByteCount?
    package var outputBytes = 0
    /// False for one that only counts as its key's usage and stands in the audit log, and is not listed.
    package var isListed = true
    /// The HTTP status of its answer.
    package var httpStatus: Int?
    /// The request as it came, without the values of `env`; nil where only facts are kept.
    package var request: [UInt8]?
    /// The answer as it was given, without the bytes of files, which are artifacts.
    package var result: [UInt8]?
    package var artifacts: [Artifact] = []
    /// Who is told of its end; kept with it, all or nothing.
    package var delivery: WebhookDelivery?

    package init(id: RunID, key: KeyID, state: State, language: String, created: Int64) {
        self.id = id
        self.key = key
        self.state = state
        self.language = language
        self.created = created
    }
}

/// A file that a run gave back, kept by its content.
package struct Artifact: Hashable, Sendable {
    package var path: String
    package var type: String
    package var size: ByteCount
    /// In hexadecimal.
    package var sha256: String

    package init(path: String, type: String, size: ByteCount, sha256: String) {
        self.path = path
        self.type = type
        self.size = size
        self.sha256 = sha256
    }
}

/// What of the history is asked for; all that is given must hold.
package struct RunFilter: Hashable, Sendable {
    /// nil for the runs of every key.
    package var key: KeyID?
    package var language: String?
    package var status: RunStatus?
    package var state: RunRecord.State?
    /// Created at or after.
    package var since: Int64?
    /// Created before.
    package var until: Int64?

    package init() {}
}

/// A page of the history, newest first.
package struct RunPage: Hashable, Sendable {
    package var runs: [RunRecord]
    /// Where the next page begins; nil at the end.
    package var next: RunID?

    package init(runs: [RunRecord], next: RunID?) {
        self.runs = runs
        self.next = next
    }
}
