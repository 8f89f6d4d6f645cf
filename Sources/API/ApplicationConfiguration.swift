package import Domain

/// What an operator can set of the API.
package struct ApplicationConfiguration: Hashable, Sendable {
    /// As `GET /v1/version` says it.
    package var version = "0.1.0"
    /// More are refused with 429.
    package var mostRunsUnderWay = 1_000
    /// How many ended runs `GET /v1/runs/{id}` still knows.
    package var mostRunsRemembered = 1_000
    package var mostBytesRemembered: ByteCount = .mebibytes(64)
    /// Whose pages may use the service with a key; "*" stands for all.
    package var origins: Set<String> = []
    /// Of all requests of one.
    package var maxima = LimitMaxima()

    package init() {}
}
