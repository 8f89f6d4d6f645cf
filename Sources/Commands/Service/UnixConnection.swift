internal import Glibc
internal import Posix

/// A connection to the service, given up when a signal comes.
struct UnixConnection: ~Copyable {
    enum Failure: Error, Hashable {
        case interrupted
        case lost(code: Int32)
    }

    private let socket: Descriptor

    /// Connects, or is nil when nobody listens there.
    init?(_ place: ServicePlace) throws(ServicePlace.Unreachable) {
        guard let socket = try place.connect() else { return nil }
        self.socket = socket
    }

    /// A connected descriptor that no child inherits.
    static func open(path: String) -> Descriptor? {
        let descriptor = connected(to: path)
        return descriptor < 0 ? nil : Descriptor(adopting: descriptor)
    }

    private static func connected(to path: String) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return -1 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return -1 }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else {
            close(descriptor)
            return -1
        }
        return descriptor
    }

    /// Sends everything; the service may answer and hang up before it has read all, which is no failure here.
    borrowing func send(_ bytes: [UInt8], interrupts: Interrupts) throws(Failure) {
        var sent = 0
        while sent < bytes.count {
            try wait(for: POLLOUT, interrupts: interrupts)
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.send(
                    socket.rawValue, buffer.baseAddress.map { $0 + sent }, buffer.count - sent,
                    Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            }
            if count >= 0 {
                sent += count
            } else if errno == EPIPE {
                return
            } else if errno != EINTR && errno != EAGAIN {
                throw .lost(code: errno)
            }
        }
    }

    /// Waits for bytes; none at the end of the connection.
    borrowing func receive(interrupts: Interrupts) throws(Failure) -> [UInt8] {
        while true {
            try wait(for: POLLIN, interrupts: interrupts)
            var failure: Int32 = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, count in
                let result = recv(socket.rawValue, buffer.baseAddress, buffer.count, 0)
                failure = result < 0 ? errno : 0
                count = max(0, result)
            }
            if failure == 0 { return bytes }
            if failure != EINTR && failure != EAGAIN { throw .lost(code: failure) }
        }
    }

    private borrowing func wait(for events: Int32, interrupts: Interrupts) throws(Failure) {
        var watched = [
            pollfd(fd: socket.rawValue, events: Int16(events), revents: 0),
            pollfd(fd: interrupts.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        while poll(&watched, 2, -1) <= 0 {}
        if watched[1].revents != 0 { throw .interrupted }
    }
}
