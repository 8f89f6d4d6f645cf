internal import CLinux
internal import Glibc

/// SEQPACKET sockets with a name in the file tree.
package enum UnixSocket {
    package static func listen(at path: String, mode: UInt32) throws(SystemFailure) -> Descriptor {
        let socket = try make()
        try withAddress(of: path) { address, length throws(SystemFailure) in
            try check("bind \(path)") { bind(socket.rawValue, address, length) }
        }
        try check("chmod \(path)") { chmod(path, mode) }
        try check("listen \(path)") { Glibc.listen(socket.rawValue, 64) }
        return socket
    }

    package static func connect(to path: String) throws(SystemFailure) -> Descriptor {
        let socket = try make()
        try withAddress(of: path) { address, length throws(SystemFailure) in
            try check("connect \(path)") { Glibc.connect(socket.rawValue, address, length) }
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
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw SystemFailure(operation: "socket path of \(bytes.count) bytes", code: ENAMETOOLONG)
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        try withUnsafePointer(to: &address) { pointer throws(SystemFailure) in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { rebound throws(SystemFailure) in
                try body(rebound, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
