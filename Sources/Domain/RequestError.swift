/// A request that is wrong or impossible, said before anything runs.
package struct RequestError: Error, Hashable, Sendable {
    package enum Code: String, Hashable, Sendable {
        case malformed
        case unknownField = "unknown_field"
        case invalidValue = "invalid_value"
        case limitTooHigh = "limit_too_high"
        case unknownLanguage = "unknown_language"
        case notInstalled = "not_installed"
        case unsupported
        /// Libraries that cannot be had: unknown, not to be combined, or without a wheel that fits.
        case environmentFailed = "environment_failed"
        case networkUnavailable = "network_unavailable"
        case isolationUnavailable = "isolation_unavailable"
        case tooLarge = "too_large"
        /// There is no key, or it is not valid.
        case unauthorized
        /// The key may not do this.
        case forbidden
        case notFound = "not_found"
        case conflict
        case interrupted
        case busy
        case draining
        case unreachable
    }

    package var code: Code
    /// Names the field, the value, the limit and the way out; never a host path or a secret.
    package var message: String
    package var field: String?
    /// When the same request may be taken, where that is known.
    package var retryAfter: Duration?

    package init(_ code: Code, _ message: String, field: String? = nil) {
        self.code = code
        self.message = message
        self.field = field
    }
}
