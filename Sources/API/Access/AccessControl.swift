internal import Digest
package import Domain
internal import Synchronization

/// Finds out whose a request is.
///
/// As long as no key was ever made, everything is the machine's own user's: a service without keys listens where
/// only that user reaches it. From the first key on, what comes over TCP needs one, and it stays so when the last is
/// revoked. The unix socket may be opened by the service's user only, so what comes by it is the machine's.
package final class AccessControl: Sendable {
    /// How long a key that was revoked elsewhere may still be taken.
    private static let freshness: Duration = .seconds(2)
    private static let mostRemembered = 4_096

    private struct Remembered {
        var key: APIKey
        var until: ContinuousClock.Instant
    }

    private struct State {
        var isOpen: Bool
        var remembered: [[UInt8]: Remembered] = [:]
    }

    private let keys: (any KeyStore)?
    private let state: Mutex<State>

    /// `hasKeys`: Whether a key was ever made.
    package init(keys: (any KeyStore)?, hasKeys: Bool) {
        self.keys = keys
        state = Mutex(State(isOpen: !hasKeys))
    }

    /// Whether nobody needs a key.
    package var isOpen: Bool { state.withLock { $0.isOpen } }

    /// What changed keys calls, so that it holds at once.
    func keysChanged() {
        state.withLock { state in
            state.isOpen = false
            state.remembered = [:]
        }
    }

    /// Who sends a request.
    ///
    /// - Throws: 401 where a key is needed and there is none that is valid, whatever is wrong with it.
    func principal(of request: HTTPRequest) async throws(APIError) -> Principal {
        guard request.principal == .local else { return request.principal }
        guard let given = try Self.secret(in: request.headers) else {
            guard isOpen || request.transport == .unix else { throw Self.needsKey }
            return .local
        }
        guard let secret = KeySecret(parsing: given), let key = try await find(secret),
            key.isValid(at: WallClock.now())
        else { throw Self.wrongKey }
        return Principal(key)
    }

    private func find(_ secret: KeySecret) async throws(APIError) -> APIKey? {
        guard let keys else { return nil }
        let hash = SHA256.digest(Array(secret.text.utf8))
        let now = ContinuousClock.now
        if let known = state.withLock({ $0.remembered[hash] }), known.until > now { return known.key }
        let found: APIKey?
        do throws(StorageFailure) { found = try await keys.find(secretHash: hash) } catch {
            throw APIError(
                RequestError(.unreachable, "keys cannot be looked up just now; try again, and see /readyz"))
        }
        guard let found else { return nil }
        state.withLock { state in
            if state.remembered.count >= Self.mostRemembered { state.remembered = [:] }
            state.remembered[hash] = Remembered(key: found, until: now + Self.freshness)
        }
        return found
    }

    /// What a request's headers give as its key.
    ///
    /// - Throws: 401 where it is given in two ways that differ, or not as a bearer's.
    private static func secret(in headers: HTTPHeaders) throws(APIError) -> String? {
        var given: Set<String> = []
        for field in headers.fields {
            switch field.name {
            case "x-api-key": given.insert(field.value)
            case "authorization":
                let words = field.value.split(separator: " ", maxSplits: 1)
                guard words.count == 2, words[0].lowercased() == "bearer" else { throw wrongKey }
                given.insert(String(words[1]))
            default: continue
            }
        }
        guard given.count <= 1 else { throw wrongKey }
        return given.first
    }

    private static let needsKey = APIError(
        RequestError(
            .unauthorized,
            "this service needs a key; send it as 'Authorization: Bearer dtm_…' or 'X-API-Key: dtm_…'"),
        headers: HTTPHeaders(["WWW-Authenticate": "Bearer"]))
    private static let wrongKey = APIError(
        RequestError(.unauthorized, "the key is not known, has expired, or was revoked"),
        headers: HTTPHeaders(["WWW-Authenticate": "Bearer error=\"invalid_token\""]))
}
