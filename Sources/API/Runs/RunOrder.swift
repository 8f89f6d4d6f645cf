internal import Domain
internal import Telemetry

/// A run as a client ordered it.
struct RunOrder: Sendable {
    /// Who is there to hear of it.
    enum Audience: Sendable {
        /// A client that waits, and with whom it ends.
        case client
        /// Nobody now: it goes on, and is asked for by its id.
        case nobody
    }

    var request: RunRequest
    var options: RunOptions
    var principal: Principal
    /// The body as it came, for the history.
    var body: [UInt8]
    var audience = Audience.client
    /// Of the request that it came by.
    var trace: TraceContext?

    /// Whether somebody may come to follow its events.
    var isFollowed: Bool { options.streams || isBackground }

    var isBackground: Bool {
        if case .nobody = audience { return true }
        return false
    }
}
