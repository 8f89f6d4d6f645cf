/// Remembers which requests were begun, so that a repeat never runs twice.
///
/// What it holds survives a crash of the service between ``begin(key:fingerprint:)`` and
/// ``finish(key:response:)``.
package protocol IdempotencyStore: Sendable {
    /// Claims a key, durably, before its request has any effect.
    func begin(key: String, fingerprint: String) async throws(StorageFailure) -> IdempotencyClaim
    /// Keeps the response of a claimed key.
    func finish(key: String, response: StoredResponse) async throws(StorageFailure)
    /// Gives a claim back, when the request was refused before it had any effect.
    func release(key: String) async throws(StorageFailure)
}

package enum IdempotencyClaim: Hashable, Sendable {
    /// The key is new; the caller goes on.
    case new
    /// The same request ended earlier.
    case finished(StoredResponse)
    /// The same request was begun and has not ended: it is under way, or was cut off.
    case begun
    /// The key belongs to another request.
    case mismatch
}

package struct StoredResponse: Hashable, Sendable {
    package var status: Int
    package var body: [UInt8]
    /// In seconds, of a refusal; those are never kept.
    package var retryAfter: Int?

    package init(status: Int, body: [UInt8], retryAfter: Int? = nil) {
        self.status = status
        self.body = body
        self.retryAfter = retryAfter
    }
}

/// A store that could not do its work; the message says which and why.
package struct StorageFailure: Error, Hashable, Sendable {
    package var message: String

    package init(_ message: String) { self.message = message }
}
