internal import CJail
internal import Glibc

/// SEQPACKET sockets with a name: in the file tree, or, after an `@`, in the network namespace alone.
package enum UnixSocket {
    package static func listen(at path: String, mode: UInt32) throws(SystemFailure) -> Descriptor {
        let socket = try make()
        try withAddress(of: path) { address, length throws(SystemFailure) in
            try check("bind \(path)") { bind(socket.rawValue, address, length) }
        }
        if !path.hasPrefix("@") { try check("chmod \(path)") { chmod(path, mode) } }
        try check("listen \(path)") { Glibc.listen(socket.rawValue, 64) }
        return socket
    }

    /// `owner`: The user that must stand at the other end; anybody, if nil.
    package static func connect(to path: String, owner: UInt32? = nil) throws(SystemFailure) -> Descriptor {
        let socket = try make()
        try withAddress(of: path) { address, length throws(SystemFailure) in
            try check("connect \(path)") { Glibc.connect(socket.rawValue, address, length) }
        }
        if let owner {
            var user: UInt32 = 0
            var pid: Int32 = 0
            try checkCode("peer of \(path)") { cjail_peer(socket.rawValue, &user, &pid) }
            guard user == owner else {
                throw SystemFailure(operation: "peer of \(path) is user \(user)", code: EPERM)
            }
        }
        return socket
    }

    private static func make() throws(SystemFailure) -> Descriptor {
        let kind = Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue)
        return Descriptor(adopting: try check("socket") { socket(AF_UNIX, kind, 0) })
    }

    private static func withAddress(
        of path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) throws(SystemFailure) -> Void
    ) throws(SystemFailure) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(path.utf8)
        let isAbstract = bytes.first == UInt8(ascii: "@")
        if isAbstract { bytes[0] = 0 }
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw SystemFailure(operation: "socket path of \(bytes.count) bytes", code: ENAMETOOLONG)
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        try withUnsafePointer(to: &address) { pointer throws(SystemFailure) in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { rebound throws(SystemFailure) in
                let head = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
                try body(rebound, socklen_t(isAbstract ? head + bytes.count : MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
