internal import Glibc
internal import Posix

/// Where a service listens for others than its own user.
package struct TCPEndpoint: Hashable, Sendable, CustomStringConvertible {
    /// A number or a name; names are looked up when it is listened there.
    package var host: String
    /// 0 takes any that is free.
    package var port: UInt16

    package init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Reads `127.0.0.1:3428`, `[::1]:3428` or `localhost:3428`.
    package init?(parsing text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return nil }
        self.init(host: String(host), port: port)
    }

    package var description: String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }
}

/// A listening TCP socket.
struct TCPListener: ~Copyable {
    private static let backlog: Int32 = 1_024

    let socket: Descriptor
    /// Where it really listens: a number, and the port that was taken.
    let endpoint: TCPEndpoint
    /// Whether only this machine's own programs can connect.
    let isLoopback: Bool

    static func listen(_ wanted: TCPEndpoint) throws(ServiceError) -> TCPListener {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(wanted.host, "\(wanted.port)", &hints, &found) == 0, let first = found else {
            throw .unknownHost(wanted.description)
        }
        defer { freeaddrinfo(found) }
        let socket = try descriptor("socket") {
            Glibc.socket(first.pointee.ai_family, Int32(SOCK_STREAM.rawValue) | O_NONBLOCK | O_CLOEXEC, 0)
        }
        var one: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        setsockopt(socket.rawValue, SOL_SOCKET, SO_REUSEADDR, &one, size)
        if first.pointee.ai_family == AF_INET6 {
            setsockopt(socket.rawValue, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &one, size)
        }
        guard bind(socket.rawValue, first.pointee.ai_addr, first.pointee.ai_addrlen) == 0 else {
            if errno == EADDRINUSE { throw .addressTaken(wanted.description) }
            throw .refused(SystemFailure(operation: "bind to \(wanted)", code: errno))
        }
        guard Glibc.listen(socket.rawValue, Self.backlog) == 0 else {
            throw .refused(SystemFailure(operation: "listen at \(wanted)", code: errno))
        }
        let name = SocketName.own(of: socket.rawValue)
        return TCPListener(
            socket: socket,
            endpoint: TCPEndpoint(host: name?.host ?? wanted.host, port: name?.port ?? wanted.port),
            isLoopback: name?.isLoopback ?? false)
    }

    consuming func take() -> Descriptor { socket }

    private init(socket: consuming Descriptor, endpoint: TCPEndpoint, isLoopback: Bool) {
        self.socket = socket
        self.endpoint = endpoint
        self.isLoopback = isLoopback
    }

    private static func descriptor(
        _ operation: String, _ body: () -> Int32
    ) throws(ServiceError) -> Descriptor {
        do throws(SystemFailure) {
            return Descriptor(adopting: try check(operation, body))
        } catch {
            throw .refused(error)
        }
    }
}

/// One end of a TCP connection, or of a socket that listens.
struct SocketName {
    var host: String
    var port: UInt16
    var isLoopback: Bool

    static func own(of socket: Int32) -> SocketName? { read { getsockname(socket, $0, $1) } }
    static func peer(of socket: Int32) -> SocketName? { read { getpeername(socket, $0, $1) } }

    private static func read(
        _ get: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) -> SocketName? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard get(address, &length) == 0 else { return nil }
                return name(address, length)
            }
        }
    }

    private static func name(_ address: UnsafeMutablePointer<sockaddr>, _ length: socklen_t) -> SocketName? {
        var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        var port = [CChar](repeating: 0, count: Int(NI_MAXSERV))
        guard
            getnameinfo(
                address, length, &host, socklen_t(host.count), &port, socklen_t(port.count),
                NI_NUMERICHOST | NI_NUMERICSERV) == 0
        else { return nil }
        let text = Self.text(host)
        return SocketName(
            host: text, port: UInt16(Self.text(port)) ?? 0,
            isLoopback: text.hasPrefix("127.") || text == "::1" || text.hasPrefix("::ffff:127."))
    }

    private static func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
