internal import Domain

/// The header by which a client makes a repeat of its request safe.
enum IdempotencyKey {
    private static let longest = 255

    /// The key of a request; nil when it has none.
    static func read(_ headers: HTTPHeaders) throws(APIError) -> String? {
        guard let key = headers["idempotency-key"] else { return nil }
        guard headers.count("idempotency-key") == 1, (1...longest).contains(key.utf8.count),
            key.utf8.allSatisfy({ (0x20...0x7e).contains($0) })
        else {
            throw APIError(
                RequestError(
                    .invalidValue,
                    "Idempotency-Key: must be one value of 1 to \(longest) printable ASCII characters",
                    field: "Idempotency-Key"))
        }
        return key
    }
}
