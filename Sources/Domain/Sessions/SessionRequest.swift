/// What a session is to be like.
package struct SessionRequest: Hashable, Sendable {
    /// What becomes of a session that nobody has used for its idle time.
    package enum Timeout: String, Hashable, Sendable, CaseIterable { case stop, pause }

    package var name: String?
    package var limits = Limits(.cell)
    package var network = NetworkPolicy.none
    /// Of every context and command in it.
    package var env: [EnvironmentVariable] = []
    /// How long it may be without a request and without a running cell or command; nil for ever.
    package var idle: Duration? = .seconds(900)
    /// How long it may be there at all; nil for ever.
    package var total: Duration?
    package var onTimeout = Timeout.stop
    package var metadata: [String: String] = [:]
    /// Whose it is.
    package var key = KeyID.local
    package var allowance = KeyAllowance()

    package init() {}
}

/// What of a session can be changed; nil leaves it as it is.
package struct SessionChange: Hashable, Sendable {
    package var name: String??
    package var metadata: [String: String]?
    package var idle: Duration??
    package var total: Duration??

    package init() {}
}

/// A session as its owner sees it.
package struct SessionInfo: Hashable, Sendable {
    package enum State: String, Hashable, Sendable, CaseIterable { case running, paused, stopped, lost }

    package var id: SessionID
    package var request: SessionRequest
    package var state: State
    /// Why it is stopped or lost.
    package var reason: String?
    package var parent: SessionID?
    /// Nanoseconds since 1970.
    package var created: Int64
    package var expires: Int64?
    package var receipt: Receipt

    package init(
        id: SessionID, request: SessionRequest, state: State, created: Int64, receipt: Receipt
    ) {
        self.id = id
        self.request = request
        self.state = state
        self.created = created
        self.receipt = receipt
    }
}

/// What a session has used so far.
package struct SessionUsage: Hashable, Sendable {
    package var cells = 0
    package var commands = 0
    package var cpu: Duration?
    package var memory: ByteCount?
    package var memoryPeak: ByteCount?
    package var disk: ByteCount?
    package var diskTotal: ByteCount?
    package var processes: Int?

    package init() {}
}

/// A state of a session that it can return to.
package struct Checkpoint: Hashable, Sendable {
    package var id: String
    /// The checkpoint that the session had last been at.
    package var parent: String?
    package var created: Int64
    /// Of the session when it was taken.
    package var memory: ByteCount?
    package var files: ByteCount
    /// The contexts that it holds.
    package var contexts: [String]

    package init(id: String, parent: String?, created: Int64, files: ByteCount, contexts: [String]) {
        self.id = id
        self.parent = parent
        self.created = created
        self.files = files
        self.contexts = contexts
    }
}

/// A live interpreter of a session.
package struct ContextInfo: Hashable, Sendable {
    package var id: String
    package var language: String
    package var cwd: String
    package var isBusy: Bool

    package init(id: String, language: String, cwd: String, isBusy: Bool) {
        self.id = id
        self.language = language
        self.cwd = cwd
        self.isBusy = isBusy
    }
}
