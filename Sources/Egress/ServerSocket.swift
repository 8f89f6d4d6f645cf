internal import Domain
internal import Glibc

/// Sockets towards servers.
enum ServerSocket {
    /// Begins to connect, without waiting.
    ///
    /// Returns: The socket, or nil where the machine has no way to that address.
    static func connect(to address: IPAddress, port: UInt16) -> Int32? {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let fd = socket(family(address), kind, 0)
        guard fd >= 0 else { return nil }
        speedUp(fd)
        if begin(fd, address, port) == 0 || errno == EINPROGRESS { return fd }
        close(fd)
        return nil
    }

    /// Whether a socket that was connecting is connected now.
    static func isConnected(_ fd: Int32) -> Bool {
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size) == 0 && code == 0
    }

    /// Small pieces go out at once: both ends have decided already what belongs together.
    static func speedUp(_ fd: Int32) {
        var one: Int32 = 1
        setsockopt(fd, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    private static func family(_ address: IPAddress) -> Int32 {
        switch address {
        case .v4: AF_INET
        case .v6: AF_INET6
        }
    }

    private static func begin(_ fd: Int32, _ address: IPAddress, _ port: UInt16) -> Int32 {
        switch address {
        case .v4(let number):
            var place = sockaddr_in()
            place.sin_family = sa_family_t(AF_INET)
            place.sin_port = port.bigEndian
            place.sin_addr.s_addr = number.bigEndian
            return begin(fd, &place)
        case .v6(let number):
            var place = sockaddr_in6()
            place.sin6_family = sa_family_t(AF_INET6)
            place.sin6_port = port.bigEndian
            withUnsafeMutableBytes(of: &place.sin6_addr) { room in
                withUnsafeBytes(of: number.bigEndian) { room.copyBytes(from: $0) }
            }
            return begin(fd, &place)
        }
    }

    private static func begin<Address>(_ fd: Int32, _ place: inout Address) -> Int32 {
        withUnsafePointer(to: &place) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(fd, $0, socklen_t(MemoryLayout<Address>.size))
            }
        }
    }
}
