internal import Domain
internal import Glibc

/// Decides whether a guest's input is at hand as bytes, or has to be streamed as it comes.
///
/// A service takes input as bytes, so it can serve a run whose input has an end in sight: none, a file of
/// moderate size, or a pipe that is already full and closed (`echo 3 | diatom run …`).
struct StdinReader {
    /// Of input that is handed over as bytes.
    static let mostBytes = 8 << 20
    static let largestRequest = 64 << 20
    /// How long a pipe may take to reach its end; a person would not notice, `echo` needs less.
    static let patienceMilliseconds = 20

    let descriptor: Int32

    /// Reads what can be had without making anybody wait.
    ///
    /// - Returns: All of the input, or a stream whose prefix holds what was read before it was given up.
    func read() -> Stdin {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return .bytes([]) }
        switch status.st_mode & S_IFMT {
        case S_IFCHR:
            // Device 1:3 is /dev/null; any other may be a person typing.
            return status.st_rdev == 0x103 ? .bytes([]) : .stream(descriptor: descriptor)
        case S_IFREG: return readUntil(deadline: nil)
        case S_IFIFO, S_IFSOCK: return readUntil(deadline: Self.now() + Self.patienceMilliseconds)
        default: return .stream(descriptor: descriptor)
        }
    }

    /// Reads to the end, however long it takes; nil when there is more than allowed, or an error.
    func readToEnd(most: Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        while bytes.count <= most {
            switch take(into: &bytes) {
            case 0: return bytes
            case let count where count < 0: return nil
            default: break
            }
        }
        return nil
    }

    private func readUntil(deadline: Int?) -> Stdin {
        var bytes: [UInt8] = []
        while bytes.count <= Self.mostBytes {
            if let deadline, !waits(until: deadline) { break }
            let count = take(into: &bytes)
            if count == 0 { return .bytes(bytes) }
            if count < 0 { break }
        }
        return .stream(descriptor: descriptor, prefix: bytes)
    }

    /// Waits for bytes or the end; false when the time is over.
    private func waits(until deadline: Int) -> Bool {
        while true {
            var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let count = poll(&watched, 1, Int32(max(0, deadline - Self.now())))
            if count > 0 { return true }
            if count == 0 || errno != EINTR { return false }
        }
    }

    /// Appends what one read gives: its count, 0 at the end, negative on an error.
    private func take(into bytes: inout [UInt8]) -> Int {
        withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 16) { buffer in
            var count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            while count < 0, errno == EINTR {
                count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            }
            if count > 0 { bytes.append(contentsOf: buffer[..<count]) }
            return count
        }
    }

    private static func now() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int(time.tv_sec) * 1_000 + Int(time.tv_nsec) / 1_000_000
    }
}
