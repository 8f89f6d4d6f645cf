package import Domain
internal import Posix

/// Where a server that a stranger named may be reached from the service itself: what holds for runs holds here.
package struct ServerAddresses: Sendable {
    package enum Refusal: Error, Hashable, Sendable {
        case unknownName
        /// All its addresses are private, or this machine's own.
        case notPublic
    }

    private let configuration: EgressConfiguration
    private let resolver: any NameResolver
    private let own = OwnAddresses()

    package init(privateEndpoints: [NetworkPolicy.Endpoint], resolver: any NameResolver = SystemResolver()) {
        var configuration = EgressConfiguration()
        configuration.privateEndpoints = privateEndpoints
        self.configuration = configuration
        self.resolver = resolver
    }

    /// An address that may be connected to, looked up anew; may block for as long as name servers do.
    package func reachable(_ endpoint: NetworkPolicy.Endpoint) throws(Refusal) -> IPAddress {
        let addresses = endpoint.address.map { [$0] } ?? resolver.addresses(of: endpoint.host)
        guard !addresses.isEmpty else { throw .unknownName }
        let allowed = addresses.first {
            configuration.allows($0, for: endpoint, isOwn: own.contains($0))
        }
        guard let allowed else { throw .notPublic }
        return allowed
    }

    /// Whether the operator vouched for a server by name and port.
    package func isExcepted(_ endpoint: NetworkPolicy.Endpoint) -> Bool {
        configuration.privateEndpoints.contains {
            $0.port == endpoint.port && $0.covers(endpoint.host)
        }
    }

    /// Why a server can't be reached, as far as can be told without looking its name up; nil where it may be.
    package func obstacle(to endpoint: NetworkPolicy.Endpoint) -> String? {
        configuration.obstacle(to: NetworkPolicy(allow: [endpoint]))?.why
    }
}
