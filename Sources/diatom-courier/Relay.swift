internal import CCurl
internal import Glibc

/// Carries bytes both ways until one side ends.
struct Relay {
    private static let connectMilliseconds = 10_000
    private static let local: Int32 = 0
    private static let status: Int32 = 1

    private let handle: UnsafeMutableRawPointer
    private let remote: Int32
    private var buffer = [UInt8](repeating: 0, count: 64 << 10)

    /// - Returns: The exit code of the program.
    static func run(to url: String) -> Int32 {
        var reason = [CChar](repeating: 0, count: Int(CURL_ERROR_SIZE))
        curl_global_init(Int(CURL_GLOBAL_DEFAULT))
        guard let handle = diatom_curl_tunnel(url, connectMilliseconds, &reason) else {
            let text = reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            tell(text.isEmpty ? Array("libcurl cannot be had".utf8) : text)
            return 1
        }
        tell(Array("ok".utf8))
        var relay = Relay(handle: handle, remote: diatom_curl_socket(handle))
        relay.carry()
        curl_easy_cleanup(handle)
        return 0
    }

    private init(handle: UnsafeMutableRawPointer, remote: Int32) {
        self.handle = handle
        self.remote = remote
    }

    private static func tell(_ text: [UInt8]) {
        _ = write(status, text, text.count)
        close(status)
    }

    private mutating func carry() {
        while true {
            var watched = [
                pollfd(fd: Self.local, events: Int16(POLLIN), revents: 0),
                pollfd(fd: remote, events: Int16(POLLIN), revents: 0),
            ]
            if poll(&watched, 2, -1) < 0, errno != EINTR { return }
            // What TLS holds back already is not seen by poll, so all there is is taken each time.
            if watched[1].revents != 0, !takeRemote() { return }
            if watched[0].revents != 0, !takeLocal() {
                // The request may have been refused before it was read; the answer is then on its way.
                return
            }
        }
    }

    private mutating func takeLocal() -> Bool {
        let count = read(Self.local, &buffer, buffer.count)
        if count < 0 { return errno == EINTR }
        guard count > 0 else { return false }
        var sent = 0
        while sent < count {
            var now = 0
            let code = buffer.withUnsafeBytes { bytes in
                curl_easy_send(handle, bytes.baseAddress.map { $0 + sent }, count - sent, &now)
            }
            sent += now
            switch code {
            case CURLE_OK: continue
            case CURLE_AGAIN: _ = wait(for: POLLOUT, on: remote)
            default:
                while takeRemote(), wait(for: POLLIN, on: remote) {}
                return false
            }
        }
        return true
    }

    /// Whether the server may have more to say.
    private mutating func takeRemote() -> Bool {
        while true {
            var count = 0
            switch curl_easy_recv(handle, &buffer, buffer.count, &count) {
            case CURLE_OK where count > 0: guard give(count) else { return false }
            case CURLE_AGAIN: return true
            default: return false
            }
        }
    }

    private func give(_ count: Int) -> Bool {
        var given = 0
        while given < count {
            let now = buffer.withUnsafeBytes { bytes in
                write(Self.local, bytes.baseAddress.map { $0 + given }, count - given)
            }
            if now > 0 { given += now } else if errno != EINTR { return false }
        }
        return true
    }

    /// Whether it came to that within a minute.
    private func wait(for events: Int32, on descriptor: Int32) -> Bool {
        var watched = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        return poll(&watched, 1, 60_000) > 0
    }
}
