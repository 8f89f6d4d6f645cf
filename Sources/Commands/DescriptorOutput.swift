internal import Glibc

/// Bytes to a descriptor that may be a pipe, a file or a terminal.
enum DescriptorOutput {
    /// Writes everything, waiting where the receiver is slow.
    ///
    /// `interrupted`: Called when a signal came in between.
    /// Returns: False when the receiver is gone or the disk is full.
    @discardableResult
    static func writeAll(_ bytes: [UInt8], to descriptor: Int32, interrupted: () -> Void = {}) -> Bool {
        bytes.withUnsafeBytes { buffer in
            var written = 0
            while written < buffer.count {
                let count = write(descriptor, buffer.baseAddress.map { $0 + written }, buffer.count - written)
                if count >= 0 {
                    written += count
                } else if errno == EINTR {
                    interrupted()
                } else if errno == EAGAIN {
                    var slow = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    if poll(&slow, 1, -1) < 0 { interrupted() }
                } else {
                    return false
                }
            }
            return true
        }
    }
}
