internal import CJail
internal import Glibc

/// Bytes in a memory file that nobody can change any more, to be handed to another process.
package enum SealedMemory {
    /// - Returns: A descriptor at offset 0.
    package static func make(_ name: String, _ parts: [[UInt8]]) throws(SystemFailure) -> Descriptor {
        let fd = Descriptor(adopting: try checkCode("memfd_create") { cjail_memfd_create(name) })
        for part in parts { try writeAll(fd.rawValue, part) }
        lseek(fd.rawValue, 0, SEEK_SET)
        try checkCode("seal") { cjail_memfd_seal(fd.rawValue) }
        return fd
    }
}

/// Reads so many bytes, however many calls that takes; nil where the other side ends before, or does not answer in time.
package func readAll(_ fd: Int32, _ count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
        let now = bytes.withUnsafeMutableBytes { read(fd, $0.baseAddress?.advanced(by: done), count - done) }
        if now < 0, errno == EINTR { continue }
        guard now > 0 else { return nil }
        done += now
    }
    return bytes
}

/// Writes all bytes, however many calls that takes.
package func writeAll(_ fd: Int32, _ bytes: [UInt8]) throws(SystemFailure) {
    var done = 0
    while done < bytes.count {
        done += try check("write") {
            bytes.withUnsafeBytes {
                write(fd, $0.baseAddress?.advanced(by: done), min(bytes.count - done, 1 << 30))
            }
        }
    }
}
