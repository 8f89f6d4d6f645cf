package import Posix

/// Why the service could not begin to serve.
package enum ServiceError: Error, Hashable, CustomStringConvertible {
    case pathTooLong(bytes: Int, most: Int)
    /// Another service lives at the path.
    case alreadyServed
    /// Something that is not a socket of ours stands at the path.
    case pathTaken
    case refused(SystemFailure)
    case daemonFailed

    package var description: String {
        switch self {
        case .pathTooLong(let bytes, let most):
            "the socket's path has \(bytes) bytes; a socket's has at most \(most)"
        case .alreadyServed: "another service already serves this socket"
        case .pathTaken: "something that is not a socket of this user stands at the socket's path"
        case .refused(let failure): failure.description
        case .daemonFailed: "the HTTP server did not start"
        }
    }
}
