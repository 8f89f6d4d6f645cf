internal import Glibc
internal import Posix

/// A connection to the service that is kept for many requests, one at a time, by a thread that may block.
struct BlockingClient: ~Copyable {
    enum Failure: Error, Hashable {
        case lost(code: Int32)
        case closed
        case malformed
    }

    private let socket: Descriptor

    /// Connects to a socket of this machine, or is nil when nobody listens there; an answer may take so many seconds.
    init?(path: String, patience: Int = 60) {
        guard let socket = UnixConnection.open(path: path) else { return nil }
        self.init(socket, patience)
    }

    /// Connects to the service, or is nil when nobody listens on this machine.
    init?(_ place: ServicePlace, patience: Int = 60) throws(ServicePlace.Unreachable) {
        guard let socket = try place.connect() else { return nil }
        self.init(socket, patience)
    }

    /// Connects to a port of this machine.
    init?(port: UInt16, patience: Int = 60) {
        let socket = Descriptor(
            adopting: Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0))
        guard socket.rawValue >= 0 else { return nil }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket.rawValue, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { return nil }
        var on: Int32 = 1
        setsockopt(
            socket.rawValue, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        self.init(socket, patience)
    }

    private init(_ socket: consuming Descriptor, _ patience: Int) {
        var time = timeval(tv_sec: patience, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(socket.rawValue, SOL_SOCKET, SO_RCVTIMEO, &time, size)
        setsockopt(socket.rawValue, SOL_SOCKET, SO_SNDTIMEO, &time, size)
        self.socket = socket
    }

    /// The bytes of a request for a run; made once and sent often.
    static func post(_ body: String, to path: String = "/v1/runs", key: String? = nil) -> [UInt8] {
        Array(
            ("POST \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\(authorization(key))"
                + "Content-Length: \(body.utf8.count)\r\n\r\n" + body).utf8)
    }

    static func get(_ path: String, key: String? = nil) -> [UInt8] {
        Array("GET \(path) HTTP/1.1\r\nHost: localhost\r\n\(authorization(key))\r\n".utf8)
    }

    private static func authorization(_ key: String?) -> String {
        key.map { "Authorization: Bearer \($0)\r\n" } ?? ""
    }

    borrowing func exchange(_ request: [UInt8]) throws(Failure) -> HTTPResponseParser.Response {
        try ask(request)
        return try answer()
    }

    borrowing func ask(_ request: [UInt8]) throws(Failure) {
        var sent = 0
        while sent < request.count {
            let count = request.withUnsafeBytes { buffer in
                send(
                    socket.rawValue, buffer.baseAddress.map { $0 + sent }, buffer.count - sent,
                    Int32(MSG_NOSIGNAL))
            }
            if count >= 0 { sent += count } else if errno != EINTR { throw .lost(code: errno) }
        }
    }

    /// Whether the next bytes of the answer hold such words, as the head of one without an end does.
    borrowing func hears(_ words: String) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = recv(socket.rawValue, &bytes, bytes.count, 0)
        return count > 0 && String(decoding: bytes.prefix(count), as: UTF8.self).contains(words)
    }

    /// The answer to what was asked last.
    borrowing func answer() throws(Failure) -> HTTPResponseParser.Response {
        var parser = HTTPResponseParser(mostBody: 64 << 20)
        while true {
            var failure: Int32 = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: 16 << 10) { buffer, count in
                let result = recv(socket.rawValue, buffer.baseAddress, buffer.count, 0)
                failure = result < 0 ? errno : 0
                count = max(0, result)
            }
            if failure == EINTR { continue }
            guard failure == 0 else { throw .lost(code: failure) }
            guard !bytes.isEmpty else { throw .closed }
            do throws(HTTPResponseParser.Malformed) {
                if let response = try parser.take(bytes) { return response }
            } catch { throw .malformed }
        }
    }
}
