@testable internal import API
internal import Digest
internal import Domain
internal import Storage
internal import Telemetry
internal import Testing

/// Who a request is from, and what that lets it do.
@Suite(.timeLimit(.minutes(1)))
struct AccessTests {
    private let records = MemoryRecords()
    private let access: AccessControl

    init() { access = AccessControl(keys: records, hasKeys: true) }

    private func key(_ change: (inout APIKey) -> Void = { _ in }) throws -> (APIKey, KeySecret) {
        let secret = KeySecret(.diatom)
        var key = APIKey(
            id: .make(), name: "k", scopes: [.run], allowance: KeyAllowance(), prefix: secret.prefix,
            created: 0)
        change(&key)
        try records.add(key, secretHash: SHA256.digest(Array(secret.text.utf8)))
        return (key, secret)
    }

    private func principal(
        _ headers: KeyValuePairs<String, String>, isTrusted: Bool = false
    ) async throws(APIError) -> Principal {
        var request = HTTPRequest(method: "GET", path: "/v1/runs", headers: HTTPHeaders(headers))
        request.transport = isTrusted ? .unix : .tcp(peer: "127.0.0.1", isSecure: false)
        return try await access.principal(of: request)
    }

    @Test func `a key is found in either header`() async throws {
        let (key, secret) = try key()
        #expect(try await principal(["X-API-Key": secret.text]).key == key.id)
        #expect(try await principal(["Authorization": "Bearer \(secret.text)"]).key == key.id)
        #expect(try await principal(["Authorization": "bearer \(secret.text)"]).key == key.id)
        let both: KeyValuePairs = ["X-API-Key": secret.text, "Authorization": "Bearer \(secret.text)"]
        #expect(try await principal(both).key == key.id)
    }

    @Test func `what is no valid key is refused, and never says why`() async throws {
        let (_, secret) = try key()
        let (_, expired) = try key { $0.expires = 1 }
        let (_, revoked) = try key { $0.revoked = 1 }
        let rows: [KeyValuePairs<String, String>] = [
            ["X-API-Key": ""], ["X-API-Key": "dtm_"], ["X-API-Key": KeySecret(.diatom).text],
            ["X-API-Key": secret.text.uppercased()], ["X-API-Key": secret.text + "0"],
            ["Authorization": secret.text], ["Authorization": "Basic \(secret.text)"],
            ["Authorization": "Bearer"], ["X-API-Key": expired.text], ["X-API-Key": revoked.text],
            ["X-API-Key": secret.text, "Authorization": "Bearer \(KeySecret(.e2b).text)"],
        ]
        var messages: Set<String> = []
        for headers in rows {
            // A wrong key is wrong on the unix socket as well.
            for isTrusted in [true, false] {
                do {
                    _ = try await principal(headers, isTrusted: isTrusted)
                    Issue.record("\(headers) was taken")
                } catch {
                    #expect(error.status == 401 && error.headers["www-authenticate"] != nil)
                    messages.insert(error.message)
                    #expect(!error.message.contains(secret.text))
                }
            }
        }
        #expect(messages.count == 1)
    }

    @Test func `without a key only the machine's own user is let in`() async throws {
        #expect(try await principal([:], isTrusted: true) == .local)
        await #expect(throws: APIError.self) { try await principal([:]) }
        let open = AccessControl(keys: records, hasKeys: false)
        var request = HTTPRequest(method: "GET", path: "/v1/runs")
        request.transport = .tcp(peer: "127.0.0.1", isSecure: false)
        #expect(try await open.principal(of: request) == .local)
        open.keysChanged()
        await #expect(throws: APIError.self) { try await open.principal(of: request) }
    }

    @Test func `a revoked key is refused at once`() async throws {
        let (key, secret) = try key()
        #expect(try await principal(["X-API-Key": secret.text]).key == key.id)
        _ = try records.change(key.id) { $0.revoked = 1 }
        access.keysChanged()
        await #expect(throws: APIError.self) { try await principal(["X-API-Key": secret.text]) }
    }

    @Test func `a store that fails lets nobody in`() async throws {
        let (_, secret) = try key()
        records.state.withLock { $0.isBroken = true }
        do {
            _ = try await principal(["X-API-Key": secret.text])
            Issue.record("was let in")
        } catch {
            #expect(error.status == 503)
        }
    }

    @Test func `secrets are of their form, and differ`() {
        for kind in KeySecret.Kind.allCases {
            let secrets = (0..<100).map { _ in KeySecret(kind).text }
            #expect(Set(secrets).count == 100)
            for secret in secrets { #expect(KeySecret(parsing: secret)?.text == secret) }
        }
    }

    @Test(arguments: [("10/s", "10/s"), ("600/min", "600/min"), ("1/h", "1/h"), ("5/d", "5/d")])
    func `a rate is read as it is written`(_ text: String, _ written: String) {
        #expect(KeyAllowance.Rate(parsing: text)?.description == written)
    }

    @Test(arguments: ["", "10", "/s", "0/s", "-1/s", "10/", "10/y", "1/s/s", "99999999/s", "1.5/s"])
    func `what is no rate is refused`(_ text: String) {
        #expect(KeyAllowance.Rate(parsing: text) == nil)
    }
}
