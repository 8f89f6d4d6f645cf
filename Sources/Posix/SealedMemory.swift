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
