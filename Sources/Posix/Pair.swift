internal import CJail
internal import Glibc

/// Two descriptors that belong together; each can be taken out of the pair.
package struct Pair: ~Copyable, Sendable {
    package var first: Descriptor
    package var second: Descriptor

    /// A pipe of which `first` is read and `second` written, both close-on-exec.
    ///
    /// `shared`: Whether another user than its maker may open it again by name, as
    /// `/dev/stdout` does.
    package static func pipe(shared: Bool = false) throws(SystemFailure) -> Pair {
        var ends: [Int32] = [-1, -1]
        try checkCode("pipe") { cjail_pipe(&ends) }
        if shared { fchmod(ends[1], 0o666) }
        return Pair(first: Descriptor(adopting: ends[0]), second: Descriptor(adopting: ends[1]))
    }

    /// Two connected unix sockets that keep message boundaries, close-on-exec.
    package static func sockets() throws(SystemFailure) -> Pair {
        var ends: [Int32] = [-1, -1]
        try checkCode("socketpair") { cjail_socketpair(&ends) }
        return Pair(first: Descriptor(adopting: ends[0]), second: Descriptor(adopting: ends[1]))
    }

    /// Two connected unix sockets that carry streams of bytes, close-on-exec.
    package static func streams() throws(SystemFailure) -> Pair {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        try check("socketpair") { socketpair(AF_UNIX, kind, 0, &ends) }
        return Pair(first: Descriptor(adopting: ends[0]), second: Descriptor(adopting: ends[1]))
    }

    private init(first: consuming Descriptor, second: consuming Descriptor) {
        self.first = first
        self.second = second
    }

    /// Takes the first; an unusable descriptor stays in its place.
    package mutating func takeFirst() -> Descriptor {
        var taken = Descriptor(adopting: -1)
        swap(&taken, &first)
        return taken
    }

    package mutating func takeSecond() -> Descriptor {
        var taken = Descriptor(adopting: -1)
        swap(&taken, &second)
        return taken
    }
}
