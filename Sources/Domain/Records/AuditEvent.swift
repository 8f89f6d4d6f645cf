/// One thing that was done or refused, as the audit log keeps it for good.
package struct AuditEvent: Hashable, Sendable {
    package enum Level: String, Hashable, Sendable, CaseIterable { case info, warning, error, critical }

    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case serviceStarted = "service.started"
        case serviceStopped = "service.stopped"
        case runEnded = "run.ended"
        case runRefused = "run.refused"
        case runDeleted = "run.deleted"
        case keyCreated = "key.created"
        case keyChanged = "key.changed"
        case keyRevoked = "key.revoked"
        case accessDenied = "access.denied"
        case environmentRemoved = "environment.removed"
        case sessionCreated = "session.created"
        case sessionEnded = "session.ended"
        case recordsExpired = "records.expired"
        case backupMade = "backup.made"
    }

    /// Nanoseconds since 1970.
    package var time: Int64
    package var level: Level
    package var kind: Kind
    /// Whose doing it was.
    package var key: KeyID
    package var user: String?
    /// What it was done to: the id of a run, of a key.
    package var subject: String?
    /// Of a run: what its end was, and what it ran under.
    package var status: RunStatus?
    package var language: String?
    package var policy: String?
    /// What else there is to say, in words; never code, output, or a secret.
    package var note: String?

    package init(_ kind: Kind, level: Level = .info, key: KeyID, time: Int64 = WallClock.now()) {
        self.kind = kind
        self.level = level
        self.key = key
        self.time = time
    }
}

/// An event in its place of the chain.
package struct AuditEntry: Hashable, Sendable {
    /// From 1, without gaps.
    package var number: Int64
    package var event: AuditEvent
    /// SHA-256 of the entry before, in hexadecimal; 64 zeros before the first.
    package var previous: String
    /// SHA-256 of `previous` and of the event's canonical text.
    package var hash: String

    package init(number: Int64, event: AuditEvent, previous: String, hash: String) {
        self.number = number
        self.event = event
        self.previous = previous
        self.hash = hash
    }
}

package struct AuditFilter: Hashable, Sendable {
    package var key: KeyID?
    package var user: String?
    package var kind: AuditEvent.Kind?
    /// This level and those above it.
    package var level: AuditEvent.Level?
    package var since: Int64?
    package var until: Int64?

    package init() {}
}

/// What the verification of a chain found.
package enum AuditVerdict: Hashable, Sendable {
    case intact(entries: Int64, heads: Int)
    /// The number of the first entry that is not what was written, and how it shows.
    case broken(at: Int64, why: String)
}
