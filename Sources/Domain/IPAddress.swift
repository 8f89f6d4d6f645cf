internal import Glibc

/// An address of version 4 or 6, as one number.
package enum IPAddress: Hashable, Sendable {
    case v4(UInt32)
    case v6(UInt128)

    /// Reads the one usual spelling of an address: `192.0.2.1`, `2001:db8::1`.
    package init?(_ text: String) {
        var four = in_addr()
        var six = in6_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            self = .v4(UInt32(bigEndian: four.s_addr))
        } else if inet_pton(AF_INET6, text, &six) == 1 {
            self = withUnsafeBytes(of: six) { .v6(UInt128(bigEndian: $0.loadUnaligned(as: UInt128.self))) }
        } else {
            return nil
        }
    }
}

extension IPAddress {
    /// Whether it belongs to somebody on the public internet, and may be reached without the operator's word.
    ///
    /// Version 6 is public where it is allocated for that, and wraps no address of version 4.
    package var isPublic: Bool {
        switch self {
        case .v4(let number):
            !Self.reserved4.contains {
                number >> (32 - UInt32($0.length)) == $0.prefix >> (32 - UInt32($0.length))
            }
        case .v6(let number):
            number >> 125 == 1
                && !Self.reserved6.contains { number >> (128 - $0.length) == $0.prefix >> (128 - $0.length) }
        }
    }

    /// Nowhere, everybody, or several: no connection can be meant, whoever asks for one.
    package var isNobody: Bool {
        switch self {
        case .v4(let number): number >> 24 == 0 || number >> 28 >= 14
        case .v6(let number): number == 0 || number >> 120 == 0xff
        }
    }

    private static let reserved4: [(prefix: UInt32, length: Int)] = [
        (0x0000_0000, 8),  // this network
        (0x0a00_0000, 8),  // private
        (0x6440_0000, 10),  // carriers' own, and a cloud's metadata
        (0x7f00_0000, 8),  // loopback
        (0xa83f_8110, 32),  // a cloud's metadata and configuration
        (0xa9fe_0000, 16),  // link-local, and most clouds' metadata
        (0xac10_0000, 12),  // private
        (0xc000_0000, 24),  // protocols, and a cloud's metadata
        (0xc000_0200, 24),  // documentation
        (0xc058_6300, 24),  // relays from version 6
        (0xc0a8_0000, 16),  // private
        (0xc612_0000, 15),  // benchmarks
        (0xc633_6400, 24),  // documentation
        (0xcb00_7100, 24),  // documentation
        (0xe000_0000, 3),  // multicast, reserved, broadcast
    ]

    private static let reserved6: [(prefix: UInt128, length: Int)] = [
        (0x2001 << 112, 23),  // protocols: Teredo, benchmarks, ORCHID
        (0x2001_0db8 << 96, 32),  // documentation
        (0x2002 << 112, 16),  // wraps version 4
        (0x3fff << 112, 20),  // documentation
    ]
}

extension IPAddress: CustomStringConvertible {
    /// As `inet_ntop` writes it.
    package var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        switch self {
        case .v4(let number):
            var address = in_addr(s_addr: number.bigEndian)
            inet_ntop(AF_INET, &address, &text, socklen_t(text.count))
        case .v6(let number):
            withUnsafeBytes(of: number.bigEndian) {
                _ = inet_ntop(AF_INET6, $0.baseAddress, &text, socklen_t(text.count))
            }
        }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
