/// Keys by their secrets' hashes.
package protocol KeyStore: Sendable {
    /// Keeps a key under the SHA-256 of its secret.
    func add(_ key: APIKey, secretHash: [UInt8]) async throws(StorageFailure)
    /// The key of a secret, valid or not; nil where there is none.
    func find(secretHash: [UInt8]) async throws(StorageFailure) -> APIKey?
    /// All keys, revoked ones too, oldest first.
    func keys() async throws(StorageFailure) -> [APIKey]
    /// Replaces what is kept of a key; nil where there is none of this id.
    func change(
        _ id: KeyID, _ change: @escaping @Sendable (inout APIKey) -> Void
    ) async throws(StorageFailure) -> APIKey?
}

/// The runs that were, durable when the call returns: a `kill -9` afterwards loses nothing of them.
package protocol RunHistory: Sendable {
    /// Keeps a run that is about to begin; it is `lost` should the service die before ``end(_:files:)``.
    func begin(_ record: RunRecord) async throws(StorageFailure)
    /// Keeps how a run ended, its usage, its files, and its event in the audit log, all or nothing.
    func end(
        _ record: RunRecord, files: [CollectedFile], audit: AuditEvent
    ) async throws(StorageFailure)
    func run(_ id: RunID) async throws(StorageFailure) -> RunRecord?
    /// A page, without requests and results; newest first, after `cursor`.
    func runs(_ filter: RunFilter, after cursor: RunID?, most: Int) async throws(StorageFailure) -> RunPage
    /// The content of an artifact, or nil where it is gone.
    func content(of artifact: Artifact) async throws(StorageFailure) -> [UInt8]?
    /// Removes what is kept of a run; the audit log keeps that it was, and that it was removed.
    ///
    /// Returns: Whether there was one.
    func remove(_ id: RunID, audit: AuditEvent) async throws(StorageFailure) -> Bool
    /// What each key used from `since` (nanoseconds since 1970) until `until`.
    func usage(since: Int64, until: Int64) async throws(StorageFailure) -> [KeyUsage]
    func statistics(_ filter: RunFilter) async throws(StorageFailure) -> RunStatistics
}

/// An append-only chain of what happened.
package protocol AuditLog: Sendable {
    func append(_ event: AuditEvent) async throws(StorageFailure)
    /// Entries that match, in order, after number `after`.
    func entries(
        _ filter: AuditFilter, after: Int64, most: Int
    ) async throws(StorageFailure) -> [AuditEntry]
    /// Reads the whole chain and its signed heads.
    func verify() async throws(StorageFailure) -> AuditVerdict
}

/// Answers of runs that may be given again, by the addresses of their outcomes.
package protocol ResultCache: Sendable {
    /// An answer that is not too old; using it counts against its being forgotten.
    func find(_ address: String, now: Int64) async throws(StorageFailure) -> [UInt8]?
    /// Keeps an answer, in place of those that were used longest ago; one that is too large for the cache is not kept.
    func keep(_ answer: [UInt8], at address: String, for key: KeyID, now: Int64) async throws(StorageFailure)
}

/// Deliveries to webhooks, durable: each is tried until it arrived or was given up, whatever ends in between.
package protocol DeliveryStore: Sendable {
    /// Takes those that are due, a few of each key, and puts them off until `lease`: whoever took them and died is
    /// followed by another attempt then.
    func takeDue(now: Int64, lease: Int64, most: Int, mostOfKey: Int) async throws(StorageFailure)
        -> [WebhookDelivery]
    /// Keeps what came of an attempt.
    func note(_ delivery: WebhookDelivery) async throws(StorageFailure)
    /// When the next is due; nil where none waits.
    func nextDue() async throws(StorageFailure) -> Int64?
    /// The delivery of a run, without its body and secret.
    func delivery(of run: RunID) async throws(StorageFailure) -> WebhookDelivery?
    /// Signs by the service's key for webhooks (Ed25519), which is another than the audit log's.
    func sign(_ message: [UInt8]) -> [UInt8]
    /// By which anybody can check that.
    var webhookKey: [UInt8] { get }
}
