internal import Domain

/// One claim as it stands in its file: a header line each for form, fingerprint and state, then the answer.
struct ClaimRecord: Hashable {
    private static let form = "diatom-claim 1"

    var fingerprint: String
    /// nil while the request is under way, or was cut off.
    var response: StoredResponse?

    init(fingerprint: String, response: StoredResponse? = nil) {
        self.fingerprint = fingerprint
        self.response = response
    }

    /// Reads a file; nil when it is damaged.
    init?(_ bytes: [UInt8]) {
        let parts = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0].elementsEqual(Self.form.utf8) else { return nil }
        fingerprint = String(decoding: parts[1], as: UTF8.self)
        let state = String(decoding: parts[2], as: UTF8.self).split(separator: " ")
        switch (state.first, state.count) {
        case ("begun", 1): response = nil
        case ("finished", 3):
            guard let status = Int(state[1]), Int(state[2]) == parts[3].count else { return nil }
            response = StoredResponse(status: status, body: Array(parts[3]))
        default: return nil
        }
    }

    var bytes: [UInt8] {
        let state = response.map { "finished \($0.status) \($0.body.count)" } ?? "begun"
        return Array("\(Self.form)\n\(fingerprint)\n\(state)\n".utf8) + (response?.body ?? [])
    }

    func claim(by fingerprint: String) -> IdempotencyClaim {
        guard self.fingerprint == fingerprint else { return .mismatch }
        return response.map(IdempotencyClaim.finished) ?? .begun
    }
}
