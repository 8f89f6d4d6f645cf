internal import Domain

/// Which address in a sandbox stands for which server; pure.
///
/// A name gets an address of its own out of 127.77.0.0/16, and on it the ports that the policy has for it. An
/// address in the policy stands for itself.
struct AddressBook {
    struct Way: Hashable, Sendable {
        var address: UInt32
        var port: UInt16
        /// Whether the loopback does not have the address yet.
        var isOwned = false
    }

    /// Of one run; each is a descriptor of the service.
    private static let mostWays = 256
    /// Of them, before the run.
    static let mostAtFirst = 128
    private static let first: UInt32 = 0x7f4d_0001
    private static let loopback: UInt32 = 0x7f00_0001
    /// What `/etc/hosts` in sandboxes calls the loopback.
    private static let own: Set<String> = ["localhost", "diatom"]

    private let policy: NetworkPolicy
    private let mostNames: Int
    private var addresses: [String: UInt32] = [:]
    private var servers: [Way: NetworkPolicy.Endpoint] = [:]
    private var next = Self.first

    /// What is to be opened before the run.
    private(set) var ways: [Way] = []

    init(_ policy: NetworkPolicy, mostNames: Int) {
        self.policy = policy
        self.mostNames = mostNames + policy.allow.count
        for endpoint in policy.allow {
            if case .v4(let address) = endpoint.address { assign(endpoint, to: address) }
        }
        for endpoint in policy.allow where !endpoint.isWildcard && endpoint.address == nil {
            if addresses[endpoint.host] == nil { ways += add(endpoint.host) }
        }
    }

    func address(of name: String) -> UInt32? { addresses[name] }

    func server(at address: UInt32, _ port: UInt16) -> NetworkPolicy.Endpoint? {
        servers[Way(address: address, port: port)]
    }

    func allows(_ name: String) -> Bool { policy.allow.contains { $0.covers(name) } }

    var isFull: Bool { addresses.count >= mostNames || servers.count >= Self.mostWays }

    /// Gives a name that the policy covers an address.
    ///
    /// Returns: What is to be opened there.
    mutating func add(_ name: String) -> [Way] {
        let address = Self.own.contains(name) ? Self.loopback : freeAddress()
        addresses[name] = address
        var opened: [Way] = []
        for covering in policy.allow where covering.covers(name) {
            guard let endpoint = try? NetworkPolicy.Endpoint(host: name, port: covering.port) else {
                continue
            }
            let way = Way(address: address, port: covering.port)
            guard servers[way] == nil else { continue }
            servers[way] = endpoint
            // One address besides the usual one, and resolvers take the machine for one that has a network.
            let isOwned = opened.isEmpty && address == Self.first
            opened.append(Way(address: address, port: covering.port, isOwned: isOwned))
        }
        return opened
    }

    private mutating func assign(_ endpoint: NetworkPolicy.Endpoint, to address: UInt32) {
        let way = Way(address: address, port: endpoint.port)
        guard servers[way] == nil else { return }
        let isNew = !servers.keys.contains { $0.address == address } && address >> 24 != 127
        servers[way] = endpoint
        ways.append(Way(address: address, port: endpoint.port, isOwned: isNew))
    }

    private mutating func freeAddress() -> UInt32 {
        while servers.keys.contains(where: { $0.address == next }) { next += 1 }
        defer { next += 1 }
        return next
    }
}
