internal import Domain
internal import Synchronization

/// Sees to it that of all requests with one Idempotency-Key that are here at the same time, one runs.
final class KeyedRequests: Sendable {
    struct Outcome: Sendable {
        var response: StoredResponse
        var isReplay: Bool
    }

    private struct Flight {
        var fingerprint: String
        var task: Task<Outcome, Never>
    }

    private let owner: TaskOwner
    private let flights = Mutex<[String: Flight]>([:])

    init(owner: TaskOwner) { self.owner = owner }

    /// Performs the operation, or waits for the same request that is already under way.
    ///
    /// The operation belongs to the owner: it goes on when its callers are gone, so that a client whose
    /// connection broke finds the answer when it asks again.
    ///
    /// - Throws: `.conflict` when the key's present request is another one.
    func perform(
        _ key: String, fingerprint: String, _ operation: @escaping @Sendable () async -> Outcome
    ) async throws(RequestError) -> Outcome {
        let (flight, isLeader) = flights.withLock { flights in
            if let flight = flights[key] { return (flight, false) }
            let task = owner.start {
                let outcome = await operation()
                self.flights.withLock { _ = $0.removeValue(forKey: key) }
                return outcome
            }
            let flight = Flight(fingerprint: fingerprint, task: task)
            flights[key] = flight
            return (flight, true)
        }
        guard flight.fingerprint == fingerprint else { throw .keyConflict }
        var outcome = await flight.task.value
        if !isLeader { outcome.isReplay = true }
        return outcome
    }
}

extension RequestError {
    static let keyConflict = RequestError(
        .conflict, "Idempotency-Key: was used for another request within the last 24 hours; take a new key",
        field: "Idempotency-Key")

    static let keyInterrupted = RequestError(
        .interrupted,
        "Idempotency-Key: a request with this key was begun and cut off, so it may have run; "
            + "take a new key to run it again",
        field: "Idempotency-Key")
}
