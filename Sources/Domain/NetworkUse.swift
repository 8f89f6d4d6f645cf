/// What a program made of its network, counted outside of its sandbox.
package struct NetworkUse: Hashable, Sendable {
    package static let mostDenials = 20

    /// How many connections the program opened to servers of its policy.
    package var connections = 0
    /// How often it was refused; ``denials`` says of what, each once and the first few only.
    package var denied = 0
    /// Connections that were allowed, to servers that could not be reached.
    package var failed = 0
    package var sent = ByteCount(bytes: 0)
    package var received = ByteCount(bytes: 0)
    package var denials: [NetworkDenial] = []

    package init() {}

    package mutating func add(_ other: NetworkUse) {
        connections += other.connections
        denied += other.denied
        failed += other.failed
        sent.bytes += other.sent.bytes
        received.bytes += other.received.bytes
        for denial in other.denials where !denials.contains(denial) && denials.count < Self.mostDenials {
            denials.append(denial)
        }
    }
}

/// Something that a program wanted of the network and did not get.
package struct NetworkDenial: Hashable, Sendable {
    package enum Reason: String, Hashable, Sendable, CaseIterable {
        /// A name that the policy does not cover was looked up.
        case notAllowed = "not_allowed"
        /// A name of the policy leads to addresses that are not public.
        case privateAddress = "private_address"
        /// More connections, names or bytes than one run may have.
        case limit
    }

    /// `host:port`, or a name alone where it was only looked up; the guest's word, shortened.
    package var target: String
    package var reason: Reason

    package init(target: String, reason: Reason) {
        self.target = target
        self.reason = reason
    }
}
