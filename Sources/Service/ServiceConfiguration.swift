package import Domain

/// What an operator can set of the HTTP service.
package struct ServiceConfiguration: Hashable, Sendable {
    package var mostConnections = 512
    /// A connection on which nothing moves for so long is closed; one that waits for its run is not.
    package var idleSeconds = 30
    /// How long a new client may take until the headers of its first request are there.
    package var headTimeout: Duration = .seconds(10)
    /// How long a client may take from the end of the headers to the end of the body.
    package var bodyTimeout: Duration = .seconds(60)
    /// Of a request's headers, and of what is read ahead of its body.
    package var bytesPerConnection = ByteCount(bytes: 32 << 10)
    package var largestBody: ByteCount = .mebibytes(64)
    /// Of all requests that are being received or answered.
    package var mostBodyBytes: ByteCount = .mebibytes(256)
    /// How long runs may go on after ``ServiceServer/stop()``.
    package var grace: Duration = .seconds(10)
    /// How long a run may take to end once it is cancelled; one that takes longer is given up.
    package var patience: Duration = .seconds(5)

    package init() {}
}
