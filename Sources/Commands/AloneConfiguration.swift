package import Domain

/// What a runner is to be like that lives and dies with one command.
package struct AloneConfiguration: Hashable, Sendable {
    /// The data directory; it need not exist.
    package var data: String
    /// Isolation layers whose absence the caller allows, by name.
    package var allowed: [String]
    package var verbose: Bool
    /// Whether a warm interpreter is kept; a single run has no use for one.
    package var isWarm = false
    /// The file of toolchains that were brought along.
    package var toolchains: String
    /// The caller's variables, for what pip is configured with.
    package var variables: [String: String] = [:]
    /// Servers that the program may reach although their addresses are private.
    package var privateEndpoints: [NetworkPolicy.Endpoint] = []
}

/// Makes the runner of a command that works alone.
package typealias RunnerMaker = @Sendable (AloneConfiguration) throws(RequestError) -> any Runner
