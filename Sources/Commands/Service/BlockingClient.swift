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

    /// Connects, or is nil when nobody listens there; an answer may take so many seconds.
    init?(path: String, patience: Int = 60) {
        guard let socket = UnixConnection.open(path: path) else { return nil }
        var time = timeval(tv_sec: patience, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(socket.rawValue, SOL_SOCKET, SO_RCVTIMEO, &time, size)
        setsockopt(socket.rawValue, SOL_SOCKET, SO_SNDTIMEO, &time, size)
        self.socket = socket
    }

    /// The bytes of a request for a run; made once and sent often.
    static func post(_ body: String) -> [UInt8] {
        Array(
            ("POST /v1/runs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n" + body).utf8)
    }

    static func get(_ path: String) -> [UInt8] {
        Array("GET \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)
    }

    borrowing func exchange(_ request: [UInt8]) throws(Failure) -> HTTPResponseParser.Response {
        var sent = 0
        while sent < request.count {
            let count = request.withUnsafeBytes { buffer in
                send(
                    socket.rawValue, buffer.baseAddress.map { $0 + sent }, buffer.count - sent,
                    Int32(MSG_NOSIGNAL))
            }
            if count >= 0 { sent += count } else if errno != EINTR { throw .lost(code: errno) }
        }
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
