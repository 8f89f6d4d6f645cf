internal import CLinux
package import Domain
internal import Posix

/// Finds the addresses of names.
package protocol NameResolver: Sendable {
    /// All addresses of a name, none where it has none; may block.
    func addresses(of name: String) -> [IPAddress]
}

/// The machine's way: `/etc/hosts`, then the name servers of `/etc/resolv.conf`, without its search list.
///
/// Asked directly, not through the name service switch, whose modules a static program cannot load.
package struct SystemResolver: NameResolver {
    package init() {}

    package func addresses(of name: String) -> [IPAddress] {
        let listed = Self.listed(name, in: (try? SmallFile.read("/etc/hosts", limit: 1 << 20)) ?? "")
        if !listed.isEmpty { return listed }
        if name == "localhost" { return [.v4(0x7f00_0001), .v6(1)] }
        // Version 4 first: there is a way to it from more machines.
        return query(name, type: 1) + query(name, type: 28)
    }

    static func listed(_ name: String, in hosts: String) -> [IPAddress] {
        hosts.split(whereSeparator: \.isNewline).compactMap { line in
            let text = line.prefix { $0 != "#" }
            let words = text.split { $0 == " " || $0 == "\t" }
            guard let first = words.first, words.dropFirst().contains(where: { $0.lowercased() == name })
            else { return nil }
            return IPAddress(String(first))
        }
    }

    private func query(_ name: String, type: Int32) -> [IPAddress] {
        let room = 8192
        var length: Int32 = 0
        let answer = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
            length = clinux_query(name, type, buffer.baseAddress, Int32(room))
            count = max(0, min(Int(length), room))
        }
        return DNSAnswer.addresses(answer)
    }
}
