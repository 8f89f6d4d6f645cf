/// Which servers a program may reach; everything else is out of its reach.
package struct NetworkPolicy: Hashable, Sendable {
    package static let mostEndpoints = 64

    /// No network: what a run has that asks for none.
    package static let none = NetworkPolicy(allow: [])

    package var allow: [Endpoint]

    package init(allow: [Endpoint]) { self.allow = allow }

    package var isNone: Bool { allow.isEmpty }

    /// A server: a name or an IPv4 address, and a port; `*.` before a name stands for all names below it.
    package struct Endpoint: Hashable, Sendable, CustomStringConvertible {
        package enum Invalid: Error, Hashable {
            case noPort
            case badPort(String)
            case emptyHost
            case hostTooLong(bytes: Int)
            case notASCII
            case badLabel(String)
            case badWildcard
            case badNumber
            case ipv6
        }

        /// In small letters, without a dot at its end.
        package let host: String
        package let port: UInt16

        package var description: String { "\(host):\(port)" }

        package var isWildcard: Bool { host.hasPrefix("*.") }

        /// The address that the host is, where it is no name.
        package var address: IPAddress? { IPAddress(host) }

        /// Reads `host:port`.
        ///
        /// - Throws: ``Invalid``, for anything that a resolver might read as another host than people do.
        package init(parsing text: String) throws(Invalid) {
            guard !text.hasPrefix("[") else { throw .ipv6 }
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count >= 2 else { throw .noPort }
            guard parts.count == 2 else { throw .ipv6 }
            let digits = parts[1]
            guard digits.utf8.allSatisfy({ (48...57).contains($0) }), digits.utf8.first != 48,
                let port = UInt16(digits)
            else { throw .badPort(String(digits.prefix(16))) }
            try self.init(host: String(parts[0]), port: port)
        }

        package init(host: String, port: UInt16) throws(Invalid) {
            guard port > 0 else { throw .badPort("0") }
            guard !host.isEmpty else { throw .emptyHost }
            guard host.utf8.count <= 253 else { throw .hostTooLong(bytes: host.utf8.count) }
            guard host.utf8.allSatisfy({ $0 < 0x80 }) else { throw .notASCII }
            guard !host.contains(":") else { throw .ipv6 }
            let host = host.lowercased()
            self.host = host
            self.port = port
            if case .v4 = IPAddress(host) { return }
            try Self.check(name: host)
        }

        /// Whether a name, in small letters, is what this endpoint's host stands for.
        package func covers(_ name: String) -> Bool {
            guard isWildcard else { return name == host }
            let tail = host.dropFirst()
            return name.hasSuffix(tail) && name.utf8.count > tail.utf8.count
        }

        private static func check(name: String) throws(Invalid) {
            var labels = name.split(separator: ".", omittingEmptySubsequences: false)[...]
            if labels.first == "*" {
                labels = labels.dropFirst()
                guard labels.count >= 2 else { throw .badWildcard }
            }
            for label in labels where !isPlain(label) {
                throw label.contains("*") ? .badWildcard : .badLabel(String(label.prefix(64)))
            }
            // 127.1, 0x7f000001 and 2130706433 are addresses to many resolvers.
            guard let last = labels.last, !isNumber(last) else { throw .badNumber }
        }

        /// Letters, digits, and hyphens within.
        private static func isPlain(_ label: Substring) -> Bool {
            let bytes = label.utf8
            guard (1...63).contains(bytes.count), bytes.first != 45, bytes.last != 45 else { return false }
            return bytes.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
        }

        private static func isNumber(_ label: Substring) -> Bool {
            label.hasPrefix("0x") || label.utf8.allSatisfy { (48...57).contains($0) }
        }
    }
}

extension NetworkPolicy.Endpoint.Invalid: CustomStringConvertible {
    /// What is wrong, to follow the field's name and its value.
    package var description: String {
        switch self {
        case .noPort: "has no port; write host:port"
        case .badPort(let text): "has the port '\(text)', where a number from 1 to 65535 is expected"
        case .emptyHost: "has no host; write host:port"
        case .hostTooLong(let bytes): "has a host of \(bytes) bytes; the longest is 253"
        case .notASCII: "is not ASCII; write the name in its xn-- form"
        case .badLabel(let label):
            "has the label '\(label)'; labels are 1 to 63 letters, digits and hyphens that stand within"
        case .badWildcard: "has a '*' where none can be; '*.' may stand before a name of two labels or more"
        case .badNumber: "ends in a number and is no IPv4 address of four numbers from 0 to 255"
        case .ipv6: "is not host:port; IPv6 addresses cannot be given, names that have some can"
        }
    }
}
