internal import CJail
internal import Glibc
internal import Posix
internal import Synchronization

/// A server on this machine's loopback, a thread for each connection.
final class LoopbackServer: Sendable {
    let port: UInt16
    private let listener: Int32
    private let counts = Mutex<(begun: Int, ended: Int, sent: Int, heard: Int)>((0, 0, 0, 0))

    /// Connections that were taken, and those whose client has gone since.
    var begun: Int { counts.withLock { $0.begun } }
    var ended: Int { counts.withLock { $0.ended } }
    var sent: Int { counts.withLock { $0.sent } }
    var heard: Int { counts.withLock { $0.heard } }

    /// `serve`: Talks to one client; the connection is closed when it returns.
    init(_ serve: @escaping @Sendable (LoopbackServer, Int32) -> Void) throws(SystemFailure) {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        listener = try check("socket") { socket(AF_INET, kind, 0) }
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        try withUnsafeMutablePointer(to: &place) { pointer throws(SystemFailure) in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address throws(SystemFailure) in
                try check("bind") { bind(listener, address, size) }
                try check("getsockname") { getsockname(listener, address, &size) }
            }
        }
        port = UInt16(bigEndian: place.sin_port)
        try check("listen") { listen(listener, 512) }
        startThread(name: "server") {
            while case let client = cjail_accept(listener), client >= 0 {
                self.counts.withLock { $0.begun += 1 }
                startThread(name: "served") {
                    serve(self, client)
                    close(client)
                    self.counts.withLock { $0.ended += 1 }
                }
            }
        }
    }

    /// Gives back what it gets, as it comes.
    static func echo() throws(SystemFailure) -> LoopbackServer {
        try LoopbackServer { server, client in
            while let bytes = server.receive(client), !bytes.isEmpty {
                guard server.send(client, bytes) else { return }
            }
            shutdown(client, Int32(SHUT_WR))
        }
    }

    /// Listens to the end, and only then says how much it has heard.
    static func lateAnswer() throws(SystemFailure) -> LoopbackServer {
        try LoopbackServer { server, client in
            var total = 0
            while let bytes = server.receive(client), !bytes.isEmpty { total += bytes.count }
            _ = server.send(client, Array("heard \(total)\n".utf8))
        }
    }

    /// Says more than anybody wants to hear.
    static func chatter(_ bytes: Int) throws(SystemFailure) -> LoopbackServer {
        try LoopbackServer { server, client in
            let chunk = [UInt8](repeating: 120, count: 1 << 16)
            for _ in 0..<(bytes >> 16) { guard server.send(client, chunk) else { return } }
        }
    }

    private func receive(_ client: Int32) -> [UInt8]? {
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, used in
            count = recv(client, buffer.baseAddress, 1 << 16, 0)
            used = max(0, count)
        }
        let heard = max(0, count)
        counts.withLock { $0.heard += heard }
        return count < 0 ? nil : bytes
    }

    private func send(_ client: Int32, _ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
            counts.withLock { $0.sent += count }
        }
        return true
    }
}
