internal import Domain
internal import Glibc
package import Posix
internal import Synchronization

/// One process of a session, seen from outside: its output, its input, and, of a context, the frames of its socket.
///
/// Bytes are read on the reactor's thread into a bounded channel; who does not read it slows the process. An end is told
/// after everything that was said before it.
package final class SessionProcess: ReactorHandler {
    /// What it is given: a pipe for its input, a socket for cells, or a terminal.
    package enum Kind: Sendable { case context, command, terminal }

    private struct Stream {
        var kind: RunEvent.Output.Stream
        var fd: Int32
        var isPaused = false
    }

    private struct State {
        var streams: [UInt64: Stream] = [:]
        /// Where frames come from, or input goes to.
        var way: Int32 = -1
        var wayTag: UInt64?
        var frames = FrameReader()
        /// What the socket had no room for.
        var pending: ArraySlice<UInt8> = []
        var closesInput = false
        var end: ProcessEnd?
        var isOver = false
    }

    /// A frame that is longer ends its context.
    package static let mostFrame = 8 << 20 + 64
    /// Of input that a process does not read.
    package static let mostPending = 4 << 20

    package let channel = EventChannel<ProcessEvent>()
    package let number: UInt64
    package let kind: Kind
    private let reactor: Reactor
    private let state = Mutex(State())

    init(number: UInt64, kind: Kind, reactor: Reactor) {
        self.number = number
        self.kind = kind
        self.reactor = reactor
        channel.onRoom { [weak self] in
            guard let self else { return }
            reactor.perform { self.resumeReading() }
        }
    }

    /// Takes our ends of what the process has.
    func attach(way: consuming Descriptor, streams: [(RunEvent.Output.Stream, Int32)]) throws(SystemFailure) {
        let fd = way.release()
        _ = fcntl(fd, F_SETFL, O_NONBLOCK)
        let tag = kind == .command ? nil : try reactor.add(fd, .input, self)
        state.withLock { state in
            state.way = fd
            state.wayTag = tag
        }
        for (stream, fd) in streams {
            _ = fcntl(fd, F_SETFL, O_NONBLOCK)
            let tag = try reactor.add(fd, .input, self)
            state.withLock { $0.streams[tag] = Stream(kind: stream, fd: fd) }
        }
    }

    package func ready(_ event: Epoll.Event) {
        if state.withLock({ $0.wayTag == event.tag }) {
            if event.writable { flush() }
            switch kind {
            case .context: return readFrames()
            case .terminal: return readTerminal()
            case .command: return
            }
        }
        guard let stream = state.withLock({ $0.streams[event.tag] }) else { return }
        read(stream, event.tag, turns: 4)
        finishIfDone()
    }

    /// - Returns: Whether nothing was left to be read.
    @discardableResult
    private func read(_ stream: Stream, _ tag: UInt64, turns: Int) -> Bool {
        for _ in 0..<turns {
            let (count, bytes) = StepSession.chunk(stream.fd)
            if count < 0, errno == EAGAIN || errno == EINTR { return true }
            guard count > 0 else {
                close(tag)
                return true
            }
            if channel.send(.output(RunEvent.Output(stream: stream.kind, bytes: bytes))) {
                pause(stream.fd, tag)
                return false
            }
        }
        return false
    }

    private func pause(_ fd: Int32, _ tag: UInt64) {
        state.withLock { $0.streams[tag]?.isPaused = true }
        try? reactor.change(fd, [], tag: tag)
    }

    private func close(_ tag: UInt64) {
        guard let stream = state.withLock({ $0.streams.removeValue(forKey: tag) }) else { return }
        reactor.remove(stream.fd, tag: tag)
        Glibc.close(stream.fd)
    }

    private func resumeReading() {
        let paused = state.withLock { state in
            let paused = state.streams.filter(\.value.isPaused)
            for tag in paused.keys { state.streams[tag]?.isPaused = false }
            return paused
        }
        for (tag, stream) in paused { try? reactor.change(stream.fd, .input, tag: tag) }
        if state.withLock({ $0.end != nil }) { giveUp() }
    }

    /// What was printed before a frame was sent is told before it.
    private func readFrames() {
        let way = state.withLock { $0.way }
        guard way >= 0 else { return }
        let (count, bytes) = StepSession.chunk(way)
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        for (tag, stream) in state.withLock({ $0.streams }) where !stream.isPaused {
            read(stream, tag, turns: 64)
        }
        let frames: [[UInt8]]? =
            count > 0 ? state.withLock { $0.frames.take(bytes, most: Self.mostFrame) } : nil
        guard let frames else { return closeWay() }
        for frame in frames { _ = channel.send(.frame(frame)) }
    }

    /// A terminal's output; its other end is gone when reading fails.
    private func readTerminal() {
        let way = state.withLock { $0.way }
        guard way >= 0 else { return }
        let (count, bytes) = StepSession.chunk(way)
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        guard count > 0 else {
            closeWay()
            return finishIfDone()
        }
        _ = channel.send(.output(RunEvent.Output(stream: .stdout, bytes: bytes)))
    }

    /// Hands bytes to the process: its input, or a frame.
    ///
    /// Returns: Whether they were taken; they are not where it reads too little, or is gone.
    package func write(_ bytes: [UInt8]) -> Bool {
        let isTaken = state.withLock { state in
            guard state.way >= 0, !state.closesInput, state.pending.count + bytes.count <= Self.mostPending
            else { return false }
            state.pending += bytes
            return true
        }
        if isTaken { reactor.perform { self.flush() } }
        return isTaken
    }

    /// Ends the input once everything that was given has been read.
    package func closeInput() {
        guard kind == .command else { return }
        state.withLock { $0.closesInput = true }
        reactor.perform { self.flush() }
    }

    private func flush() {
        let (fd, isEmpty, closes) = state.withLock { state in
            while state.way >= 0, !state.pending.isEmpty {
                let count = state.pending.withUnsafeBytes { Glibc.write(state.way, $0.baseAddress, $0.count) }
                guard count > 0 else {
                    if errno != EAGAIN { state.pending = [] }
                    break
                }
                state.pending = state.pending.dropFirst(count)
            }
            return (state.way, state.pending.isEmpty, state.closesInput)
        }
        guard fd >= 0 else { return }
        if isEmpty, closes { return closeWay() }
        watchWay(fd, writes: !isEmpty)
    }

    private func watchWay(_ fd: Int32, writes: Bool) {
        if let tag = state.withLock({ $0.wayTag }) {
            if kind == .command, !writes {
                reactor.remove(fd, tag: tag)
                return state.withLock { $0.wayTag = nil }
            }
            let interest: Epoll.Interest = kind == .command ? .output : writes ? [.input, .output] : .input
            try? reactor.change(fd, interest, tag: tag)
        } else if writes, let tag = try? reactor.add(fd, .output, self) {
            state.withLock { $0.wayTag = tag }
        }
    }

    private func closeWay() {
        let (fd, tag) = state.withLock { state in
            defer {
                state.way = -1
                state.wayTag = nil
            }
            return (state.way, state.wayTag)
        }
        if let tag { reactor.remove(fd, tag: tag) }
        if fd >= 0 { Glibc.close(fd) }
    }

    /// Gives a terminal another size.
    package func resize(rows: UInt16, columns: UInt16) -> Bool {
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        return state.withLock {
            kind == .terminal && $0.way >= 0 && ioctl($0.way, UInt(TIOCSWINSZ), &size) == 0
        }
    }

    /// The process is dead, as its init says; children of its may hold its streams still, for a moment.
    func hasEnded(_ end: ProcessEnd) {
        state.withLock { if $0.end == nil { $0.end = end } }
        if kind == .terminal { readTerminal() }
        giveUp()
    }

    private func finishIfDone() {
        let end: ProcessEnd? = state.withLock { state in
            guard let end = state.end, state.streams.isEmpty, !state.isOver else { return nil }
            state.isOver = true
            return end
        }
        if let end { finish(end) }
    }

    /// Reads what the dead process has said; whoever else holds its streams goes on without us.
    private func giveUp() {
        var isLeft = false
        for (tag, stream) in state.withLock({ $0.streams }) where !stream.isPaused {
            if read(stream, tag, turns: 16) {
                close(tag)
            } else {
                isLeft = isLeft || state.withLock { $0.streams[tag]?.isPaused == false }
            }
        }
        finishIfDone()
        if isLeft { reactor.perform { self.giveUp() } }
    }

    private func finish(_ end: ProcessEnd) {
        closeWay()
        _ = channel.send(.ended(end))
        channel.close()
    }

    /// Ends without a word of init's: the session is over, or was rolled back.
    func abandon(_ end: ProcessEnd) {
        let streams = state.withLock { state in
            state.end = state.end ?? end
            return state.streams.keys
        }
        for tag in streams { close(tag) }
        finishIfDone()
    }
}

/// Puts frames together: four bytes of length, little endian, and that much.
struct FrameReader: Sendable {
    private var bytes: [UInt8] = []

    /// - Returns: The frames that are whole now; nil where one is longer than it may be.
    mutating func take(_ more: [UInt8], most: Int) -> [[UInt8]]? {
        bytes += more
        var frames: [[UInt8]] = []
        var place = 0
        while bytes.count - place >= 4 {
            let length = (0..<4).reversed().reduce(0) { $0 << 8 | Int(bytes[place + $1]) }
            guard length <= most else { return nil }
            guard bytes.count - place - 4 >= length else { break }
            frames.append(Array(bytes[place + 4..<place + 4 + length]))
            place += 4 + length
        }
        bytes.removeFirst(place)
        return frames
    }

    static func frame(_ content: [UInt8]) -> [UInt8] {
        withUnsafeBytes(of: UInt32(content.count).littleEndian) { Array($0) } + content
    }
}
