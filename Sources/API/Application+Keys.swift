internal import Digest
internal import Domain
internal import JSON

/// `/v1/keys`: making keys, changing what they may, and revoking them.
extension Application {
    private func keyStore() throws(APIError) -> any KeyStore {
        guard let keys = records.keys else {
            throw APIError(RequestError(.unsupported, "keys: this service keeps no store to hold them"))
        }
        return keys
    }

    func listKeys(_ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        let store = try keyStore()
        let keys = try await answering { () async throws(StorageFailure) in try await store.keys() }
        return .json(200, KeyEncoder.encode(keys))
    }

    func makeKey(_ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        let store = try keyStore()
        try ContentRules.requireJSON(request.headers)
        let wish = try read(request.body, isNew: true)
        let secret = KeySecret(wish.kind)
        let now = WallClock.now()
        var key = APIKey(
            id: .make(), name: wish.name ?? "unnamed", scopes: [.run], allowance: KeyAllowance(),
            prefix: secret.prefix, created: now)
        wish.apply(to: &key, now: now)
        let made = key
        try await answering { () async throws(StorageFailure) in
            try await store.add(made, secretHash: SHA256.digest(Array(secret.text.utf8)))
        }
        access.keysChanged()
        await note(.keyCreated, subject: made.id.description, by: request.principal, note: made.name)
        return .json(201, KeyEncoder.encode(made, secret: secret))
    }

    func showKey(_ id: KeyID, _ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        let store = try keyStore()
        let keys = try await answering { () async throws(StorageFailure) in try await store.keys() }
        guard let key = keys.first(where: { $0.id == id }) else { throw Self.notFound("key") }
        return .json(200, KeyEncoder.encode(key))
    }

    func changeKey(_ id: KeyID, _ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        try ContentRules.requireJSON(request.headers)
        let wish = try read(request.body, isNew: false)
        let now = WallClock.now()
        let key = try await change(id) { wish.apply(to: &$0, now: now) }
        await note(.keyChanged, subject: id.description, by: request.principal, note: key.name)
        return .json(200, KeyEncoder.encode(key))
    }

    func revokeKey(_ id: KeyID, _ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        let now = WallClock.now()
        let key = try await change(id) { $0.revoked = $0.revoked ?? now }
        await note(.keyRevoked, subject: id.description, by: request.principal, note: key.name)
        return .json(200, KeyEncoder.encode(key))
    }

    private func change(
        _ id: KeyID, _ change: @escaping @Sendable (inout APIKey) -> Void
    ) async throws(APIError) -> APIKey {
        let store = try keyStore()
        let key = try await answering { () async throws(StorageFailure) in
            try await store.change(id, change)
        }
        guard let key else { throw Self.notFound("key") }
        access.keysChanged()
        return key
    }

    private func read(_ body: [UInt8], isNew: Bool) throws(APIError) -> KeyReader.Wish {
        do throws(RequestError) {
            return try KeyReader(languages: languages).read(body, isNew: isNew)
        } catch {
            throw APIError(error)
        }
    }

    /// Puts into the audit log what somebody did; where that fails, the log says so.
    func note(
        _ kind: AuditEvent.Kind, level: AuditEvent.Level = .info, subject: String?, by principal: Principal,
        note: String? = nil
    ) async {
        guard let audit = records.audit else { return }
        var event = AuditEvent(kind, level: level, key: principal.key)
        event.user = principal.user
        event.subject = subject
        event.note = note
        do throws(StorageFailure) { try await audit.append(event) } catch {
            log(.error, "audit_failed", ["why": error.message])
        }
    }
}
