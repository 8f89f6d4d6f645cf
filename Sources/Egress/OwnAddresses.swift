internal import Domain
internal import Glibc
internal import Posix
internal import Synchronization

/// The addresses of this machine's interfaces, which may be public and lead to what its firewall hides from others.
final class OwnAddresses: Sendable {
    private static let freshness: Int64 = 10_000_000_000

    private let known = Mutex<(addresses: Set<IPAddress>, time: Int64)?>(nil)

    func contains(_ address: IPAddress, now: Int64 = Monotonic.now()) -> Bool {
        known.withLock { known in
            if let known, now - known.time < Self.freshness { return known.addresses.contains(address) }
            let fresh = Self.read()
            known = (fresh, now)
            return fresh.contains(address)
        }
    }

    private static func read() -> Set<IPAddress> {
        var first: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&first) == 0 else { return [] }
        defer { freeifaddrs(first) }
        var found: Set<IPAddress> = []
        var next = first
        while let entry = next {
            if let address = entry.pointee.ifa_addr.flatMap(Self.address) { found.insert(address) }
            next = entry.pointee.ifa_next
        }
        return found
    }

    private static func address(_ place: UnsafeMutablePointer<sockaddr>) -> IPAddress? {
        switch Int32(place.pointee.sa_family) {
        case AF_INET:
            place.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                .v4(UInt32(bigEndian: $0.pointee.sin_addr.s_addr))
            }
        case AF_INET6:
            place.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                withUnsafeBytes(of: $0.pointee.sin6_addr) {
                    .v6(UInt128(bigEndian: $0.loadUnaligned(as: UInt128.self)))
                }
            }
        default: nil
        }
    }
}
