package import Posix

/// Why the service could not begin to serve.
package enum ServiceError: Error, Hashable, CustomStringConvertible {
    case pathTooLong(bytes: Int, most: Int)
    /// Another service lives at the path.
    case alreadyServed
    /// Something that is not a socket of ours stands at the path.
    case pathTaken
    /// Another program listens there.
    case addressTaken(String)
    case unknownHost(String)
    /// Others could connect, and no key is asked for.
    case needsKey(String)
    /// The certificate or its key cannot be used.
    case badIdentity(String)
    case refused(SystemFailure)
    case daemonFailed

    package var description: String {
        switch self {
        case .pathTooLong(let bytes, let most):
            "the socket's path has \(bytes) bytes; a socket's has at most \(most)"
        case .alreadyServed: "another service already serves this socket"
        case .pathTaken: "something that is not a socket of this user stands at the socket's path"
        case .addressTaken(let address): "another program listens at \(address); see --listen"
        case .unknownHost(let address): "--listen \(address): the host is not known"
        case .needsKey(let address):
            "--listen \(address): others could connect, and no key is asked for yet; make one with "
                + "'diatom keys create', or listen on a loopback address"
        case .badIdentity(let why): "--tls-cert, --tls-key: \(why)"
        case .refused(let failure): failure.description
        case .daemonFailed: "the HTTP server did not start"
        }
    }
}
