package import Domain

/// What an operator can set of the HTTP service.
package struct ServiceConfiguration: Hashable, Sendable {
    /// Besides the unix socket.
    package var endpoints: [TCPEndpoint] = []
    /// What is served at them by TLS; nil serves plain HTTP.
    package var identity: TLSIdentity?
    /// At each of its places; an idle one costs some 10 KB.
    package var mostConnections = 4_096
    /// A connection on which nothing moves for so long is closed; one that waits for its run is not.
    package var idleSeconds = 30
    /// How long a new client may take until the headers of its first request are there.
    package var headTimeout: Duration = .seconds(10)
    /// How long a client may take from the end of the headers to the end of the body.
    package var bodyTimeout: Duration = .seconds(60)
    /// Of a request's headers, and of what is read ahead of its body.
    package var bytesPerConnection = ByteCount(bytes: 12 << 10)
    package var largestBody: ByteCount = .mebibytes(64)
    /// Of all requests that are being received or answered.
    package var mostBodyBytes: ByteCount = .mebibytes(256)
    /// How long runs may go on after ``ServiceServer/stop()``.
    package var grace: Duration = .seconds(10)
    /// How long a run may take to end once it is cancelled; one that takes longer is given up.
    package var patience: Duration = .seconds(5)
    /// How often clients that follow a run hear that their connection is alive.
    package var beat: Duration = .seconds(15)

    package init() {}
}

/// A certificate with its chain, and its private key, both in PEM.
package struct TLSIdentity: Hashable, Sendable {
    package var certificate: String
    package var key: String

    package init(certificate: String, key: String) {
        self.certificate = certificate
        self.key = key
    }
}
