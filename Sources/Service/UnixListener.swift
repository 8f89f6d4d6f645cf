internal import Glibc
internal import Posix

/// A listening socket in the file system, for its owner alone; one service per path.
struct UnixListener: ~Copyable {
    private static let backlog: Int32 = 512

    let path: String
    /// Locked for as long as the path is served.
    private let lock: Descriptor

    private let address: sockaddr_un

    /// Takes a path for itself, out of a dead service's hands if need be.
    static func take(path: String) throws(ServiceError) -> UnixListener {
        let address = try address(path)
        let lock = try descriptor("open of the socket's lock") {
            Glibc.open(path + ".lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        }
        guard flock(lock.rawValue, LOCK_EX | LOCK_NB) == 0 else { throw .alreadyServed }
        try removeDead(path, address)
        return UnixListener(path: path, lock: lock, address: address)
    }

    /// Begins to listen.
    func listen() throws(ServiceError) -> Descriptor {
        let socket = try Self.socket()
        // The mode of the socket becomes the mode of its file: at no moment can others connect.
        try Self.done("fchmod of the socket") { fchmod(socket.rawValue, 0o600) }
        try Self.done("bind") { Self.withSocketAddress(address) { bind(socket.rawValue, $0, $1) } }
        try Self.done("listen") { Glibc.listen(socket.rawValue, Self.backlog) }
        return socket
    }

    /// Takes the path out of the file system.
    consuming func close() { unlink(path) }

    private init(path: String, lock: consuming Descriptor, address: sockaddr_un) {
        self.path = path
        self.lock = lock
        self.address = address
    }

    private static func socket() throws(ServiceError) -> Descriptor {
        try descriptor("socket") {
            Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | O_NONBLOCK | O_CLOEXEC, 0)
        }
    }

    private static func removeDead(_ path: String, _ address: sockaddr_un) throws(ServiceError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK, status.st_uid == geteuid() else { throw .pathTaken }
        let probe = try socket()
        let result = withSocketAddress(address) { connect(probe.rawValue, $0, $1) }
        guard result != 0, errno == ECONNREFUSED else { throw .alreadyServed }
        unlink(path)
    }

    private static func address(_ path: String) throws(ServiceError) -> sockaddr_un {
        var address = sockaddr_un()
        let most = MemoryLayout.size(ofValue: address.sun_path) - 1
        guard path.utf8.count <= most else { throw .pathTooLong(bytes: path.utf8.count, most: most) }
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return address
    }

    private static func withSocketAddress<Result>(
        _ address: sockaddr_un, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    private static func descriptor(_ operation: String, _ body: () -> Int32) throws(ServiceError)
        -> Descriptor
    {
        do throws(SystemFailure) {
            return Descriptor(adopting: try check(operation, body))
        } catch {
            throw .refused(error)
        }
    }

    private static func done(_ operation: String, _ body: () -> Int32) throws(ServiceError) {
        do throws(SystemFailure) {
            try check(operation, body)
        } catch {
            throw .refused(error)
        }
    }
}
