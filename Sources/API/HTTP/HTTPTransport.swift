/// The way that a request came by.
package enum HTTPTransport: Hashable, Sendable {
    /// A socket that only the service's own user may open.
    case unix
    case tcp(peer: String, isSecure: Bool)
}
