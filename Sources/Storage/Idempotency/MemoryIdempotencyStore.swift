package import Domain
internal import Synchronization

/// Keeps claims for as long as the process lives: for one that serves nobody else, and for tests.
package final class MemoryIdempotencyStore: IdempotencyStore {
    private struct State {
        var records: [String: ClaimRecord] = [:]
        /// Keys of ended requests, oldest first.
        var ended: [String] = []
    }

    private let mostEnded: Int
    private let state = Mutex(State())

    /// - Parameter mostEnded: How many answers are kept; the oldest is forgotten first.
    package init(mostEnded: Int = 1_000) { self.mostEnded = mostEnded }

    package func begin(key: String, fingerprint: String) async throws(StorageFailure) -> IdempotencyClaim {
        state.withLock { state in
            if let record = state.records[key] { return record.claim(by: fingerprint) }
            state.records[key] = ClaimRecord(fingerprint: fingerprint)
            return .new
        }
    }

    package func finish(key: String, response: StoredResponse) async throws(StorageFailure) {
        state.withLock { state in
            state.records[key]?.response = response
            state.ended.append(key)
            guard state.ended.count > mostEnded else { return }
            state.records[state.ended.removeFirst()] = nil
        }
    }

    package func release(key: String) async throws(StorageFailure) {
        state.withLock { _ = $0.records.removeValue(forKey: key) }
    }
}
