internal import CJail
internal import Domain
internal import Egress
internal import Glibc
package import Posix
internal import Synchronization
internal import Wire

/// One step under way: its pipes, its output budget, its events.
///
/// Everything but ``cancel()`` and the channel happens on the reactor's thread.
package final class StepSession: ReactorHandler, ReportListener {
    package let channel = EventChannel<StepEvent>()
    private let link: JailerLink
    private let order: StepOrder
    private let state: Mutex<StepState>
    private let egress = Mutex<EgressSession?>(nil)

    var token: UInt64 {
        get { state.withLock { $0.token } }
        set { state.withLock { $0.token = newValue } }
    }

    init(_ order: StepOrder, link: JailerLink) throws(SystemFailure) {
        self.order = order
        self.link = link
        state = Mutex(StepState(room: order.limits.output.bytes))
    }

    /// Whether the guest has been released.
    package var hasStarted: Bool { state.withLock { $0.hasStarted } }

    /// Ends the step as cancelled; its last event still comes.
    package func cancel() { link.kill(token, .cancelled) }

    typealias Sender = (cjail_order, [Int32]) throws(SystemFailure) -> Void

    func begin(_ send: Sender) throws(SystemFailure) {
        let bundle = try Bundle.make(
            arguments: order.arguments, environment: order.environment, files: order.files)
        var input = try Pair.pipe(shared: true)
        var output = try Pair.pipe(shared: true)
        var errors = try Pair.pipe(shared: true)
        var fds = [bundle.rawValue, input.first.rawValue, output.second.rawValue, errors.second.rawValue]
        let found = try foundSocket()
        if let theirs = found?.theirs.rawValue { fds.append(theirs) }
        let network = try openNetwork()
        if let network { fds.append(network.rawValue) }
        try watch(.stdout, output.takeFirst())
        try watch(.stderr, errors.takeFirst())
        if let ours = found?.ours { try watchFound(ours) }
        channel.onRoom { [weak self] in
            guard let self else { return }
            link.reactor.perform { self.resumeReading() }
        }
        do throws(SystemFailure) {
            try withExtendedLifetime(network) { () throws(SystemFailure) in try send(message(), fds) }
        } catch {
            finish(.failed("the jailer is gone"))
            throw error
        }
        try StdinFeeder.feed(order.stdin, into: input.takeSecond())
    }

    private func foundSocket() throws(SystemFailure) -> (ours: SharedDescriptor, theirs: SharedDescriptor)? {
        guard order.collects || order.profile else { return nil }
        var pair = try Pair.sockets()
        let ours = SharedDescriptor(pair.takeFirst())
        return (ours, SharedDescriptor(pair.takeSecond()))
    }

    /// The socket over which init opens what the step may reach; nil for a step without a network.
    private func openNetwork() throws(SystemFailure) -> SharedDescriptor? {
        guard !order.network.isNone else { return nil }
        guard let gate = link.egress else { throw SystemFailure(operation: "network", code: ENETDOWN) }
        let (session, socket) = try gate.open(order.network, privately: order.privateEndpoints) {
            [channel] denial in
            _ = channel.send(.denied(denial))
        }
        egress.withLock { $0 = session }
        return socket
    }

    private func message() -> cjail_order {
        var message = cjail_order()
        message.kind = UInt32((order.isHost ? CJAIL_ORDER_HOST : CJAIL_ORDER_RUN).rawValue)
        message.host = order.host.rawValue
        message.token = token
        message.wall_ns = order.limits.wall.inNanoseconds
        message.cpu_ns = order.limits.cpu.inNanoseconds
        message.memory_bytes = Int64(order.limits.memory.bytes)
        message.disk_bytes = Int64(order.limits.disk.bytes)
        message.files = UInt32(order.limits.files)
        message.processes = UInt32(order.limits.processes)
        message.cpu_percent = UInt32(order.limits.cpuPercent)
        message.flags =
            (order.collects ? UInt32(CJAIL_GO_COLLECT.rawValue) : 0)
            | (order.profile ? UInt32(CJAIL_GO_PROFILE.rawValue) : 0)
            | (order.network.isNone ? 0 : UInt32(CJAIL_GO_NETWORK.rawValue))
        withUnsafeMutableBytes(of: &message.key) { $0.copyBytes(from: order.key.description.utf8.prefix(39)) }
        if let environment = order.confined {
            withUnsafeMutableBytes(of: &message.environment) {
                $0.copyBytes(from: environment.utf8.prefix(39))
            }
        }
        return message
    }

    private func watch(_ stream: RunEvent.Output.Stream, _ descriptor: consuming Descriptor)
        throws(SystemFailure)
    {
        let fd = descriptor.release()
        _ = fcntl(fd, F_SETFL, O_NONBLOCK)
        let tag = try link.reactor.add(fd, .input, self)
        state.withLock { $0.streams[tag] = StepState.Stream(kind: stream, fd: fd) }
    }

    private func watchFound(_ descriptor: SharedDescriptor) throws(SystemFailure) {
        let tag = try link.reactor.add(descriptor.rawValue, .input, self)
        state.withLock { state in
            state.foundTag = tag
            state.found = descriptor
        }
    }

    package func ready(_ event: Epoll.Event) {
        if state.withLock({ $0.foundTag == event.tag }) { return readFound() }
        guard let stream = state.withLock({ $0.streams[event.tag] }) else { return }
        read(stream, tag: event.tag)
        finishIfDone()
    }

    /// Reads what is there, at most a few chunks at a time, so that one loud guest starves no other.
    private func read(_ stream: StepState.Stream, tag: UInt64) {
        for _ in 0..<4 {
            let (count, bytes) = Self.chunk(stream.fd)
            if count < 0 {
                if errno == EAGAIN || errno == EINTR { return }
                return endOfStream(stream, tag)
            }
            if count == 0 { return endOfStream(stream, tag) }
            take(bytes, of: stream, tag: tag)
            if bytes.count < Self.chunkSize { return }
        }
    }

    static let chunkSize = 65_536

    static func chunk(_ fd: Int32) -> (Int, [UInt8]) {
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: chunkSize) { buffer, used in
            count = Glibc.read(fd, buffer.baseAddress, chunkSize)
            used = max(0, count)
        }
        return (count, bytes)
    }

    private func take(_ bytes: [UInt8], of stream: StepState.Stream, tag: UInt64) {
        let (kept, isOver, first) = state.withLock { $0.account(bytes.count, of: stream.kind) }
        if isOver, first { link.kill(token, .output) }
        guard kept > 0 else { return }
        // A guest's first bytes can be quicker than the jailer's word; a host's say nothing of what it can.
        if !order.isHost { announceStart() }
        let part = kept == bytes.count ? bytes : Array(bytes[0..<kept])
        if channel.send(.output(RunEvent.Output(stream: stream.kind, bytes: part))) {
            state.withLock { $0.streams[tag]?.isPaused = true }
            try? link.reactor.change(stream.fd, [], tag: tag)
        }
    }

    private func announceStart() {
        let isFirst = state.withLock { state in
            defer { state.hasStarted = true }
            return !state.hasStarted
        }
        if isFirst { _ = channel.send(.started) }
    }

    private func resumeReading() {
        let paused = state.withLock { state in
            let paused = state.streams.filter(\.value.isPaused)
            for tag in paused.keys { state.streams[tag]?.isPaused = false }
            return paused
        }
        for (tag, stream) in paused { try? link.reactor.change(stream.fd, .input, tag: tag) }
    }

    private func endOfStream(_ stream: StepState.Stream, _ tag: UInt64) {
        link.reactor.remove(stream.fd, tag: tag)
        state.withLock { state in _ = state.streams.removeValue(forKey: tag) }
        close(stream.fd)
    }

    private func readFound() {
        guard let found = state.withLock({ $0.found }) else { return }
        while true {
            switch FoundMessage.receive(found.rawValue) {
            case .nothing: return
            case .file(let file):
                _ = channel.send(.found(file))
                guard let only = order.onlyFile, file.path.elementsEqual(only.utf8) else { continue }
                state.withLock { $0.hasOnlyFile = true }
                finishIfDone()
            case .calls(let calls): state.withLock { $0.calls = calls }
            case .ended:
                endFound(found)
                return finishIfDone()
            }
        }
    }

    private func endFound(_ found: SharedDescriptor) {
        let tag = state.withLock { state in
            state.found = nil
            defer { state.foundTag = nil }
            return state.foundTag
        }
        if let tag { link.reactor.remove(found.rawValue, tag: tag) }
    }

    func hear(_ report: cjail_report) {
        switch report.kind {
        case UInt32(CJAIL_REPORT_STARTED.rawValue):
            announceStart()
        case UInt32(CJAIL_REPORT_REFUSED.rawValue):
            let lacksHost = order.confined != nil && !order.isHost && report.error == UInt32(ENOENT)
            finish(lacksHost ? .unhosted : .failed(report.words))
        default:
            state.withLock { $0.report = report }
            finishIfDone()
        }
    }

    func jailerLost() { finish(.failed("the jailer ended while the run was under way")) }

    private func finishIfDone() {
        let outcome: StepOutcome? = state.withLock { state in
            guard let report = state.report, state.streams.isEmpty,
                state.found == nil || (state.hasOnlyFile && !order.profile)
            else { return nil }
            state.report = nil
            return state.outcome(report)
        }
        guard var outcome else { return }
        outcome.network = egress.withLock { $0 }?.end(drains: outcome.reason == .own)
        finish(.ended(outcome))
    }

    private func finish(_ last: StepEvent) {
        let streams = state.withLock { state in
            defer { state.streams = [:] }
            return state.streams
        }
        for (tag, stream) in streams {
            link.reactor.remove(stream.fd, tag: tag)
            close(stream.fd)
        }
        if let found = state.withLock({ $0.found }) { endFound(found) }
        egress.withLock { $0 }?.end()
        link.forget(token)
        _ = channel.send(last)
        channel.close()
    }
}
