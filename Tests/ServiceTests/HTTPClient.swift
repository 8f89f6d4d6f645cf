internal import Glibc
internal import Posix
internal import Service

/// A connection to a unix socket, used from a thread that may block.
final class HTTPClient: Sendable {
    struct Response: Sendable {
        var status: Int
        var head: String
        var body: String
    }

    struct Broken: Error {}

    private let socket: Descriptor
    private let thread: BlockingThread

    init(path: String) throws {
        thread = try BlockingThread()
        socket = Descriptor(
            adopting: try check("socket") { Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0) })
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        try check("connect") {
            withUnsafePointer(to: address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(socket.rawValue, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
        }
        waitAtMost20Seconds()
    }

    init(endpoint: TCPEndpoint) throws {
        thread = try BlockingThread()
        socket = Descriptor(
            adopting: try check("socket") { Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) })
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = endpoint.port.bigEndian
        inet_pton(AF_INET, endpoint.host, &address.sin_addr)
        try check("connect") {
            withUnsafePointer(to: address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(socket.rawValue, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
        waitAtMost20Seconds()
    }

    private func waitAtMost20Seconds() {
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(socket.rawValue, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { thread.stop() }

    func post(_ body: String, path: String = "/v1/runs", headers: String = "") async throws -> Response {
        try await exchange(Self.postText(body, path: path, headers: headers))
    }

    static func postText(_ body: String, path: String = "/v1/runs", headers: String = "") -> String {
        "POST \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + "Content-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)"
    }

    func get(_ path: String, method: String = "GET") async throws -> Response {
        try await exchange("\(method) \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n")
    }

    func exchange(_ text: String) async throws -> Response {
        try await thread.perform { () throws(any Error) -> Response in
            try self.sendNow(text)
            return try self.receiveNow()
        }
    }

    func send(_ text: String) async throws {
        try await thread.perform { () throws(any Error) in try self.sendNow(text) }
    }

    func receive() async throws -> Response {
        try await thread.perform { () throws(any Error) in try self.receiveNow() }
    }

    /// Everything that comes, up to and with a text.
    func receiveText(until end: String) async throws -> String {
        try await thread.perform { () throws(any Error) in
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            let end = Array(end.utf8)
            var count = 0
            while !bytes.suffix(count + end.count).contains(end) {
                count = recv(self.socket.rawValue, &buffer, buffer.count, 0)
                guard count > 0 else { throw Broken() }
                bytes.append(contentsOf: buffer[..<count])
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    /// Sends no more, but still reads.
    func finishSending() { shutdown(socket.rawValue, Int32(SHUT_WR)) }

    /// Whether the server closed the connection.
    func isClosed() async -> Bool {
        await thread.perform {
            var byte: UInt8 = 0
            return recv(self.socket.rawValue, &byte, 1, 0) == 0
        }
    }

    /// Many exchanges on the calling thread; the time that each took, in nanoseconds.
    func measure(_ text: String, count: Int) async throws -> [Int64] {
        try await thread.perform { () throws(any Error) -> [Int64] in
            var times: [Int64] = []
            let clock = ContinuousClock()
            for _ in 0..<count {
                let time = try clock.measure {
                    try self.sendNow(text)
                    _ = try self.receiveNow()
                }
                times.append(
                    time.components.seconds * 1_000_000_000 + time.components.attoseconds / 1_000_000_000)
            }
            return times
        }
    }

    /// Bytes that are no text.
    func exchange(_ bytes: [UInt8]) async throws -> Response {
        try await thread.perform { () throws(any Error) -> Response in
            try self.sendNow(bytes)
            return try self.receiveNow()
        }
    }

    private func sendNow(_ text: String) throws { try sendNow(Array(text.utf8)) }

    private func sendNow(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(socket.rawValue, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Broken() }
            rest = rest.dropFirst(count)
        }
    }

    private func receiveNow() throws -> Response {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let end = Array("\r\n\r\n".utf8)
        while true {
            let count = recv(socket.rawValue, &buffer, buffer.count, 0)
            guard count > 0 else { throw Broken() }
            bytes.append(contentsOf: buffer[..<count])
            guard let split = Self.find(end, in: bytes) else { continue }
            let head = String(decoding: bytes[..<split], as: UTF8.self)
            let length = head.lowercased().split(separator: "\r\n").first { $0.hasPrefix("content-length: ") }
            let body = bytes[(split + 4)...]
            guard let length, let wanted = Int(length.dropFirst("content-length: ".count)) else {
                throw Broken()
            }
            guard body.count >= wanted else { continue }
            let status = Int(head.split(separator: " ").dropFirst().first ?? "") ?? 0
            return Response(status: status, head: head, body: String(decoding: body, as: UTF8.self))
        }
    }

    private static func find(_ needle: [UInt8], in bytes: [UInt8]) -> Int? {
        guard bytes.count >= needle.count else { return nil }
        return (0...(bytes.count - needle.count)).first {
            bytes[$0] == needle[0] && bytes[$0..<($0 + 4)].elementsEqual(needle)
        }
    }
}
