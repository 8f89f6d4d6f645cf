internal import CJail
package import Domain
internal import Egress
internal import Glibc
package import Posix
internal import Synchronization
package import Wire

/// A session's sandbox, seen from outside: processes in it, and what its init is asked.
///
/// Everything that comes in comes on the reactor's thread. The sandbox ends with ``end()``, with its jailer, or with this
/// process.
package final class SandboxSession: ReactorHandler, ReportListener {
    private struct State {
        var token: UInt64 = 0
        var socketTag: UInt64?
        var nextRequest: UInt32 = 1
        var nextMember: UInt64 = 1
        var answers: [UInt32: [InitAnswer]] = [:]
        var waiting: [UInt32: CheckedContinuation<[InitAnswer], Never>] = [:]
        var members: [UInt64: SessionProcess] = [:]
        var measuring: [CheckedContinuation<SessionMeasure?, Never>] = []
        var opening: CheckedContinuation<String?, Never>?
        /// nil until it is known; then why it could not be had, or nothing.
        var opened: String??
        var ended: StepOutcome.Reason?
        var failure: String?
        var onEnd: (@Sendable (String) -> Void)?
    }

    private let link: JailerLink
    private let order: SessionOrder
    private let socket: SessionSocket
    private let theirs: SharedDescriptor
    private let state = Mutex(State())
    private let egress = Mutex<EgressSession?>(nil)
    /// For a process to stand; a host that is just being started again takes seconds.
    private static let startAllowance = Duration.seconds(20)

    /// The guest that came with it.
    package let first: SessionProcess

    var token: UInt64 { state.withLock { $0.token } }

    init(_ order: SessionOrder, link: JailerLink) throws(SystemFailure) {
        self.order = order
        self.link = link
        var pair = try Pair.sockets()
        socket = SessionSocket(pair.takeFirst())
        theirs = SharedDescriptor(pair.takeSecond())
        first = SessionProcess(
            number: 0, kind: order.host == .exec ? .command : .context, reactor: link.reactor)
    }

    func begin(token: UInt64, _ send: StepSession.Sender) throws(SystemFailure) {
        state.withLock { $0.token = token }
        let ends = try ProcessEnds(for: first.kind)
        let bundle = try Bundle.make(
            arguments: order.arguments, environment: order.environment, files: [])
        let network = try openNetwork()
        var fds = [bundle.rawValue] + ends.theirs + [theirs.rawValue]
        if let network { fds.append(network.rawValue) }
        let tag = try link.reactor.add(socket.rawValue, .input, self)
        state.withLock { state in
            state.socketTag = tag
            state.members[0] = first
        }
        try withExtendedLifetime(network) { () throws(SystemFailure) in try send(message(), fds) }
        try ends.give(to: first)
    }

    private func openNetwork() throws(SystemFailure) -> SharedDescriptor? {
        guard !order.network.isNone else { return nil }
        guard let gate = link.egress else { throw SystemFailure(operation: "network", code: ENETDOWN) }
        let (session, socket) = try gate.open(order.network, privately: []) { _ in }
        egress.withLock { $0 = session }
        return socket
    }

    private func message() -> cjail_order {
        var message = cjail_order()
        message.kind = UInt32(CJAIL_ORDER_SESSION.rawValue)
        message.host = order.host.rawValue
        message.token = token
        message.wall_ns = 1
        message.cpu_ns = 1
        message.memory_bytes = Int64(order.limits.memory.bytes)
        message.disk_bytes = Int64(order.limits.disk.bytes)
        message.files = UInt32(order.limits.files)
        message.processes = UInt32(order.limits.processes)
        message.cpu_percent = UInt32(order.limits.cpuPercent)
        message.flags = order.network.isNone ? 0 : UInt32(CJAIL_GO_NETWORK.rawValue)
        if let origin = order.origin {
            withUnsafeMutableBytes(of: &message.environment) {
                $0.copyBytes(from: "branch-\(origin.token)".utf8.prefix(39))
            }
        }
        withUnsafeMutableBytes(of: &message.key) { $0.copyBytes(from: order.key.description.utf8.prefix(39)) }
        return message
    }

    /// Opens another over the same jailer.
    package func open(_ order: SessionOrder) throws(SystemFailure) -> SandboxSession {
        try link.openSession(order)
    }

    /// Waits until it stands.
    ///
    /// Returns: Why it does not, or nil.
    package func whenOpen() async -> String? {
        await withCheckedContinuation { continuation in
            let known: String?? = state.withLock { state in
                if state.opened == nil { state.opening = continuation }
                return state.opened
            }
            if let known { continuation.resume(returning: known) }
        }
    }

    /// What is called, once, when it has ended, with the reason in words.
    package func onEnd(_ action: @escaping @Sendable (String) -> Void) {
        let reason: String? = state.withLock { state in
            guard state.ended != nil else {
                state.onEnd = action
                return nil
            }
            return Self.words(for: state)
        }
        if let reason { action(reason) }
    }

    // MARK: Processes

    /// Lets another fork of a host in, as a context.
    package func addContext(
        _ host: StepOrder.Host, environment: [EnvironmentVariable]
    ) async throws(SystemFailure) -> SessionProcess {
        let process = newProcess(.context)
        var order = cjail_order()
        order.kind = UInt32(CJAIL_ORDER_MEMBER.rawValue)
        order.host = host.rawValue
        order.token = token
        order.number = process.number
        link.send(order)
        try await start(
            process, arguments: [Array("context".utf8)], environment: environment,
            flags: UInt32(CJAIL_ASK_JOINED.rawValue))
        return process
    }

    /// Starts a program.
    ///
    /// Returns: The process, whose input is open, and its number in the session.
    package func startProgram(
        _ arguments: [[UInt8]], environment: [EnvironmentVariable], terminal: (rows: UInt16, columns: UInt16)?
    ) async throws(SystemFailure) -> (process: SessionProcess, pid: Int) {
        let process = newProcess(terminal == nil ? .command : .terminal)
        let pid = try await start(
            process, arguments: arguments, environment: environment,
            flags: terminal == nil ? 0 : UInt32(CJAIL_ASK_TERMINAL.rawValue))
        if let terminal { _ = process.resize(rows: terminal.rows, columns: terminal.columns) }
        return (process, pid)
    }

    /// Starts a program that speaks as a context does: its standard input is the socket of cells.
    package func startShell(
        _ arguments: [[UInt8]], environment: [EnvironmentVariable]
    ) async throws(SystemFailure) -> SessionProcess {
        let process = newProcess(.context)
        try await start(process, arguments: arguments, environment: environment, flags: 0)
        return process
    }

    private func newProcess(_ kind: SessionProcess.Kind) -> SessionProcess {
        state.withLock { state in
            let process = SessionProcess(number: state.nextMember, kind: kind, reactor: link.reactor)
            state.members[state.nextMember] = process
            state.nextMember += 1
            return process
        }
    }

    @discardableResult
    private func start(
        _ process: SessionProcess, arguments: [[UInt8]], environment: [EnvironmentVariable], flags: UInt32
    ) async throws(SystemFailure) -> Int {
        do throws(SystemFailure) {
            let ends = try ProcessEnds(for: process.kind)
            let bundle = try Bundle.make(arguments: arguments, environment: environment, files: [])
            let request = InitRequest(UInt32(CJAIL_ASK_START.rawValue), value: process.number, flags: flags)
            // Before the answer: a process can be quicker than that.
            let all = [bundle.rawValue] + ends.theirs
            let answer = try await ask(request, descriptors: all, patience: Self.startAllowance) {
                () throws(SystemFailure) in
                try ends.give(to: process)
            }
            withExtendedLifetime(bundle) {}
            return Int(answer.value)
        } catch {
            state.withLock { state in _ = state.members.removeValue(forKey: process.number) }
            process.abandon(ProcessEnd(status: 9, failure: error.code))
            throw error
        }
    }

    /// Sends a signal to a process, or to its whole group.
    package func signal(_ process: SessionProcess, _ signal: Int32, group: Bool) async throws(SystemFailure) {
        try await ask(
            InitRequest(
                UInt32(CJAIL_ASK_SIGNAL.rawValue), value: process.number,
                flags: group ? UInt32(CJAIL_ASK_GROUP.rawValue) : 0, mode: UInt32(signal)))
    }

    // MARK: The sandbox

    /// Ends it; ``onEnd(_:)`` tells when that is done.
    package func end() { link.kill(token, .cancelled) }

    package func measure() async -> SessionMeasure? {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if state.ended == nil { state.measuring.append(continuation) }
                return state.ended != nil
            }
            guard !isOver else { return continuation.resume(returning: nil) }
            var order = cjail_order()
            order.kind = UInt32(CJAIL_ORDER_MEASURE.rawValue)
            order.token = token
            link.send(order)
        }
    }

    /// Takes a checkpoint: of every context, which must be idle, and of the files.
    ///
    /// Returns: What its files take, in bytes, or what is in the way.
    ///
    /// `withFiles`: False for one that is only to be branched from, at once: branches have the files as they are then.
    package func checkpoint(
        _ number: UInt64, drops: Bool, withFiles: Bool = true
    ) async throws(SystemFailure) -> Checkpointed {
        let request = InitRequest(
            UInt32(CJAIL_ASK_CHECKPOINT.rawValue), value: number,
            flags: (drops ? UInt32(CJAIL_ASK_DROP.rawValue) : 0)
                | (withFiles ? 0 : UInt32(CJAIL_ASK_NO_FILES.rawValue)))
        let answer = await exchange(request, descriptors: [], afterSending: nil).last
        guard let answer else { throw SystemFailure(operation: "checkpoint", code: ECONNRESET) }
        if answer.error == EBUSY {
            let lines = String(decoding: answer.text, as: UTF8.self).split(separator: "\n").map(String.init)
            return .obstructed(lines)
        }
        guard answer.error == 0 else { throw SystemFailure(operation: "checkpoint", code: answer.error) }
        return .taken(filesBytes: Int(answer.size))
    }

    package enum Checkpointed: Sendable {
        case taken(filesBytes: Int)
        case obstructed([String])
    }

    /// Goes back to a checkpoint.
    ///
    /// All processes end; contexts that it holds go on as they were.
    ///
    /// Returns: The contexts that went on, new from outside, by the number that they had.
    package func rollBack(to number: UInt64) async throws(SystemFailure) -> [UInt64: SessionProcess] {
        let request = InitRequest(UInt32(CJAIL_ASK_ROLLBACK.rawValue), value: number)
        let answer = try await ask(request)
        let numbers = answer.text.withUnsafeBytes { bytes in
            (0..<bytes.count / 8).map { bytes.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self) }
        }
        let old = state.withLock { state in numbers.compactMap { state.members.removeValue(forKey: $0) } }
        for process in old { process.abandon(ProcessEnd(status: 9)) }
        var revived: [UInt64: SessionProcess] = [:]
        for number in numbers { revived[number] = try await revive(number) }
        return revived
    }

    private func revive(_ number: UInt64) async throws(SystemFailure) -> SessionProcess {
        let process = SessionProcess(number: number, kind: .context, reactor: link.reactor)
        state.withLock { $0.members[number] = process }
        let ends = try ProcessEnds(for: .context)
        let request = InitRequest(UInt32(CJAIL_ASK_REVIVE.rawValue), value: number)
        do throws(SystemFailure) {
            try await ask(request, descriptors: ends.theirs) { () throws(SystemFailure) in
                try ends.give(to: process)
            }
        } catch {
            state.withLock { state in _ = state.members.removeValue(forKey: number) }
            process.abandon(ProcessEnd(status: 9))
            throw error
        }
        return process
    }

    /// Sessions that are opened with this one as their origin are, from now on, copies of a checkpoint.
    package func branch(from number: UInt64) async throws(SystemFailure) {
        try await ask(InitRequest(UInt32(CJAIL_ASK_BRANCH.rawValue), value: number))
    }

    /// Ends everything in it but what has branched off.
    package func retire() async {
        _ = try? await ask(InitRequest(UInt32(CJAIL_ASK_RETIRE.rawValue)))
    }

    package func forgetCheckpoint(_ number: UInt64) async {
        _ = try? await ask(InitRequest(UInt32(CJAIL_ASK_FORGET.rawValue), value: number))
    }

    // MARK: Requests

    /// Asks its init something that has one answer.
    @discardableResult
    package func ask(
        _ request: InitRequest, descriptors: [Int32] = [], patience: Duration? = nil,
        afterSending: (() throws(SystemFailure) -> Void)? = nil
    ) async throws(SystemFailure) -> InitAnswer {
        guard
            let answer = await exchange(
                request, descriptors: descriptors, afterSending: afterSending, patience: patience
            ).last
        else { throw SystemFailure(operation: "session", code: ECONNRESET) }
        guard answer.error == 0 else { throw SystemFailure(operation: "session", code: answer.error) }
        return answer
    }

    /// All answers to one request; none where the session is over.
    package func exchange(
        _ request: InitRequest, descriptors: [Int32], afterSending: (() throws(SystemFailure) -> Void)?,
        patience: Duration? = nil
    ) async -> [InitAnswer] {
        var request = request
        request.number = state.withLock { state in
            defer { state.nextRequest = state.nextRequest == .max ? 1 : state.nextRequest + 1 }
            return state.nextRequest
        }
        // Init takes one request after another; one that copies much keeps the others waiting.
        for attempt in 0..<15_000 {
            do throws(SystemFailure) {
                try socket.send(request, descriptors: descriptors)
                break
            } catch  where error.code == EAGAIN && attempt < 14_999 && !isOver {
                try? await Task.sleep(for: .milliseconds(2))
            } catch { return [] }
        }
        guard (try? afterSending?()) != nil || afterSending == nil else { return [] }
        let number = request.number
        return await withCheckedContinuation { continuation in
            let answers: [InitAnswer]? = state.withLock { state in
                if state.answers[number]?.last?.isLast == true {
                    return state.answers.removeValue(forKey: number)
                } else if state.ended != nil || state.socketTag == nil {
                    return []
                }
                state.waiting[number] = continuation
                return nil
            }
            if let answers { return continuation.resume(returning: answers) }
            if let patience { giveUp(number, after: patience) }
        }
    }

    private func giveUp(_ number: UInt32, after patience: Duration) {
        Task { [weak self] in
            try? await Task.sleep(for: patience)
            self?.state.withLock { $0.waiting.removeValue(forKey: number) }?.resume(returning: [])
        }
    }

    package var isOver: Bool { state.withLock { $0.ended != nil } }

    package func ready(_ event: Epoll.Event) {
        while true {
            switch socket.receive() {
            case .nothing: return
            case .ended: return closeSocket()
            case .answer(let answer): hear(answer)
            }
        }
    }

    private func hear(_ answer: InitAnswer) {
        if answer.kind == UInt32(CJAIL_TELL_ENDED.rawValue) {
            let process = state.withLock { $0.members.removeValue(forKey: answer.value) }
            process?.hasEnded(ProcessEnd(status: answer.mode, failure: answer.error))
            return
        }
        let ready: (CheckedContinuation<[InitAnswer], Never>, [InitAnswer])? = state.withLock { state in
            state.answers[answer.number, default: []].append(answer)
            guard answer.isLast, let waiter = state.waiting.removeValue(forKey: answer.number) else {
                return nil
            }
            return (waiter, state.answers.removeValue(forKey: answer.number) ?? [])
        }
        if let (waiter, answers) = ready { waiter.resume(returning: answers) }
    }

    private func closeSocket() {
        let (tag, waiting) = state.withLock { state in
            defer {
                state.socketTag = nil
                state.waiting = [:]
            }
            return (state.socketTag, state.waiting.values)
        }
        if let tag { link.reactor.remove(socket.rawValue, tag: tag) }
        for waiter in waiting { waiter.resume(returning: []) }
    }

    func hear(_ report: cjail_report) {
        switch report.kind {
        case UInt32(CJAIL_REPORT_STARTED.rawValue): hasOpened(nil)
        case UInt32(CJAIL_REPORT_MEASURED.rawValue): measured(report)
        case UInt32(CJAIL_REPORT_REFUSED.rawValue): isOver(.engine, report.words)
        default:
            let failure = report.words.isEmpty ? nil : "\(report.words) (errno \(report.error))"
            isOver(StepOutcome.Reason(rawValue: report.reason) ?? .engine, failure)
        }
    }

    func jailerLost() { isOver(.engine, "the jailer ended") }

    private func hasOpened(_ refusal: String?) {
        let waiter = state.withLock { state in
            if state.opened == nil { state.opened = .some(refusal) }
            defer { state.opening = nil }
            return state.opening
        }
        waiter?.resume(returning: refusal)
    }

    private func measured(_ report: cjail_report) {
        let waiters = state.withLock { state in
            defer { state.measuring = [] }
            return state.measuring
        }
        let measure = SessionMeasure(
            cpu: report.cpu_ns < 0 ? nil : .nanoseconds(report.cpu_ns),
            memory: report.wall_ns < 0 ? nil : ByteCount(bytes: Int(report.wall_ns)),
            memoryPeak: report.memory_peak < 0 ? nil : ByteCount(bytes: Int(report.memory_peak)),
            processesPeak: report.processes_peak < 0 ? nil : Int(report.processes_peak),
            oomKills: report.oom_kills, processRefusals: report.process_refusals)
        for waiter in waiters { waiter.resume(returning: measure) }
    }

    private func isOver(_ reason: StepOutcome.Reason, _ failure: String?) {
        let isFirst = state.withLock { state in
            defer {
                if state.ended == nil { (state.ended, state.failure) = (reason, failure) }
            }
            return state.ended == nil
        }
        guard isFirst else { return }
        closeSocket()
        let (members, measuring, action, words) = state.withLock { state in
            defer { (state.members, state.measuring, state.onEnd) = ([:], [], nil) }
            return (Array(state.members.values), state.measuring, state.onEnd, Self.words(for: state))
        }
        egress.withLock { $0 }?.end()
        link.forget(token)
        for waiter in measuring { waiter.resume(returning: nil) }
        for process in members { process.abandon(.withSession) }
        hasOpened(failure ?? "it ended at its start")
        action?(words)
    }

    private static func words(for state: State) -> String {
        switch state.ended {
        case .cancelled: "ended"
        case .hostMemory: "the machine had no memory left, and it was the largest"
        default: state.failure ?? "its sandbox ended by itself"
        }
    }
}

extension InitAnswer {
    fileprivate var isLast: Bool { kind == UInt32(CJAIL_TELL_ANSWER.rawValue) }
}
