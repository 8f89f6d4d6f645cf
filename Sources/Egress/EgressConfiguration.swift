package import Domain

/// What runs may have of the network at most, whatever their policies say.
package struct EgressConfiguration: Hashable, Sendable {
    /// Servers that may be reached although their addresses are private.
    package var privateEndpoints: [NetworkPolicy.Endpoint] = []
    /// Of one run, at the same time; more wait until one has ended.
    package var mostConnections = 256
    /// Of one run, one after another; also of questions for names.
    package var mostConnectionsEver = 20_000
    /// Of one run, in both directions together.
    package var mostBytes: ByteCount = .mebibytes(16 << 10)
    /// Names below wildcards that one run may use.
    package var mostNames = 128
    /// For finding a server's address and reaching it.
    package var patience: Duration = .seconds(20)

    package init() {}

    /// Why no run can have a policy, and because of which member of it; nil if one can, as far as can be told before.
    package func obstacle(to policy: NetworkPolicy) -> (field: String, why: String)? {
        guard policy.allow.count <= NetworkPolicy.mostEndpoints else {
            return (
                "allow", "\(policy.allow.count) entries; at most \(NetworkPolicy.mostEndpoints) are taken"
            )
        }
        for (index, endpoint) in policy.allow.enumerated() {
            guard let why = obstacle(to: endpoint) else { continue }
            return ("allow[\(index)]", "'\(endpoint)' \(why)")
        }
        let ways = AddressBook(policy, mostNames: mostNames).ways.count
        guard ways > AddressBook.mostAtFirst else { return nil }
        return (
            "allow",
            "its names and wildcards come to \(ways) ports; at most \(AddressBook.mostAtFirst) are opened"
        )
    }

    private func obstacle(to endpoint: NetworkPolicy.Endpoint) -> String? {
        guard let address = endpoint.address, !allows(address, for: endpoint) else { return nil }
        return address.isNobody
            ? "is no server's address"
            : "is not a public address; its operator can allow it by --allow-private \(endpoint)"
    }

    /// Whether a run may connect to an address of a server that its policy names.
    ///
    /// `isOwn`: Whether it is this machine's.
    func allows(_ address: IPAddress, for endpoint: NetworkPolicy.Endpoint, isOwn: Bool = false) -> Bool {
        if address.isNobody { return false }
        return (address.isPublic && !isOwn)
            || privateEndpoints.contains { $0.port == endpoint.port && $0.covers(endpoint.host) }
    }
}
