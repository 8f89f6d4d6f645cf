internal import Glibc
internal import Posix

/// One direction of a connection: what was read from one socket and not yet written to the other.
struct Flow: Sendable {
    enum Progress { case waiting, ended, broken }

    /// Of which nothing is to be heard or said any more.
    static let nothing: Flow = {
        var flow = Flow()
        (flow.isEnded, flow.isPassedOn) = (true, true)
        return flow
    }()

    private static let chunk = 65_536
    /// Chunks moved in one go, so that one loud connection starves no other.
    private static let turn = 16

    private var pending: ArraySlice<UInt8> = []
    /// Whether the source has said its last.
    private(set) var isEnded = false
    /// Whether that has been passed on.
    private(set) var isPassedOn = false

    var wantsInput: Bool { pending.isEmpty && !isEnded }
    /// An end that has been read is said as soon as the target can hear it.
    var wantsOutput: Bool { !pending.isEmpty || (isEnded && !isPassedOn) }

    /// Moves what can be moved without waiting.
    ///
    /// Nothing is read while something is left to be written, so a slow reader slows the writer.
    ///
    /// `count`: Is told of bytes before the target can see them, for their sight may be what ends a run.
    mutating func pump(from source: Int32, to target: Int32, count taken: (Int) -> Void) -> Progress {
        for _ in 0..<Self.turn {
            if !pending.isEmpty {
                let count = pending.withUnsafeBytes {
                    send(
                        target, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT)
                    )
                }
                if count < 0 { return isTransient ? .waiting : .broken }
                pending = pending.dropFirst(count)
                guard pending.isEmpty else { continue }
                pending = []
            }
            if isEnded {
                if !isPassedOn { shutdown(target, Int32(SHUT_WR)) }
                isPassedOn = true
                return .ended
            }
            var count = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: Self.chunk) { buffer, used in
                count = recv(source, buffer.baseAddress, Self.chunk, Int32(MSG_DONTWAIT))
                used = max(0, count)
            }
            if count < 0 { return isTransient ? .waiting : .broken }
            if count == 0 { isEnded = true }
            if count > 0 { taken(count) }
            pending = bytes[...]
        }
        return .waiting
    }

    private var isTransient: Bool { errno == EAGAIN || errno == EINTR }
}

/// One end of a connection, and what it is watched for.
struct RelayEnd: Sendable {
    let fd: Int32
    private var tag: UInt64?
    private var interest: Epoll.Interest = []

    init(adopting fd: Int32) { self.fd = fd }

    /// Not watched at all where there is no interest: the end of a socket is told whatever one asks for.
    mutating func watch(
        _ wanted: Epoll.Interest, _ reactor: Reactor, _ handler: any ReactorHandler
    ) throws(SystemFailure) {
        guard wanted != interest else { return }
        interest = wanted
        if wanted.isEmpty {
            unwatch(reactor)
        } else if let tag {
            try reactor.change(fd, wanted, tag: tag)
        } else {
            tag = try reactor.add(fd, wanted, handler)
        }
    }

    mutating func unwatch(_ reactor: Reactor) {
        if let tag { reactor.remove(fd, tag: tag) }
        tag = nil
        interest = []
    }

    /// - Parameters:
    ///   - reactor: That watches it.
    ///   - resets: Whether the other side is to see that something broke.
    mutating func close(_ reactor: Reactor, resets: Bool) {
        unwatch(reactor)
        if resets {
            var now = linger(l_onoff: 1, l_linger: 0)
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        }
        Glibc.close(fd)
    }
}
