internal import Glibc

/// An open file descriptor, closed exactly once.
package struct Descriptor: ~Copyable, Sendable {
    package let rawValue: Int32

    package init(adopting rawValue: Int32) { self.rawValue = rawValue }

    /// Hands the number out; the receiver closes it.
    package consuming func release() -> Int32 {
        let raw = rawValue
        discard self
        return raw
    }

    deinit { _ = Glibc.close(rawValue) }
}
