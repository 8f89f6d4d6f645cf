internal import CJail
internal import Glibc
internal import Posix
internal import Wire

extension Jailer {
    func add(client descriptor: consuming Descriptor) throws(SystemFailure) {
        let client = Client(MessageSocket(descriptor))
        let index = nextClient
        nextClient += 1
        clients[index] = client
        try epoll.add(client.socket.rawValue, .input, tag: Self.tag(.client, index))
    }

    func listen(at path: String) throws(SystemFailure) {
        if !path.hasPrefix("@") { unlink(path) }
        listener = try UnixSocket.listen(at: path, mode: 0o666).release()
        try epoll.add(listener, .input, tag: Self.tag(.listener, 0))
    }

    /// Takes a connection from a user that the operator named; SO_PEERCRED cannot be forged.
    func acceptClient() {
        let fd = cjail_accept(listener)
        guard fd >= 0 else { return }
        let connection = Descriptor(adopting: fd)
        var user: UInt32 = .max
        var pid: Int32 = 0
        guard cjail_peer(fd, &user, &pid) == 0, options.listenUsers.contains(user), clients.count < 64 else {
            return
        }
        try? add(client: connection)
    }

    func readClient(_ index: Int) {
        guard let client = clients[index] else { return }
        do throws(SystemFailure) {
            for _ in 0..<Client.turn {
                switch try client.socket.receive(cjail_order.self, into: cjail_order()) {
                case .nothing: return
                case .ended: return lost(client: index)
                case .message(let order, let descriptors): obey(order, descriptors, client: index)
                }
            }
        } catch { lost(client: index) }
    }

    private func lost(client index: Int) {
        guard let client = clients.removeValue(forKey: index) else { return }
        epoll.remove(client.socket.rawValue)
        for key in pools.keys {
            for run in pools[key]?.withdraw(where: { $0.client == index }) ?? [] {
                for fd in run.descriptors { close(fd) }
            }
        }
        for sandbox in sandboxes.values where sandbox.run?.client == index {
            sandbox.reported = true
            if sandbox.pidfd >= 0 { _ = cjail_pidfd_kill(sandbox.pidfd, SIGKILL) }
        }
    }

    private func obey(_ order: cjail_order, _ descriptors: [Int32], client: Int) {
        switch order.kind {
        case UInt32(CJAIL_ORDER_RUN.rawValue), UInt32(CJAIL_ORDER_HOST.rawValue),
            UInt32(CJAIL_ORDER_SESSION.rawValue):
            let run = Sandbox.Run(client: client, order: order, descriptors: descriptors)
            if let problem = problem(with: order, descriptors) ?? refusal {
                return refuse(run, problem, EINVAL)
            }
            var key = PoolKey(host: order.host, key: order.keyText, environment: order.environmentText)
            if order.kind == UInt32(CJAIL_ORDER_HOST.rawValue) { return startConfined(run, key) }
            if Self.isBranch(key.environment) { prepareBranch(key, client: client) }
            if !key.environment.isEmpty {
                guard let pool = pool(ofConfined: key) else { return refuse(run, Self.noHost, ENOENT) }
                key = pool
            }
            guard admit(key) else { return refuse(run, "too many keys at a time", EUSERS) }
            perform(pools[key]?.order(run) ?? [], key)
        case UInt32(CJAIL_ORDER_KILL.rawValue):
            for fd in descriptors { close(fd) }
            cancel(order, client: client)
        case UInt32(CJAIL_ORDER_MEMBER.rawValue), UInt32(CJAIL_ORDER_MEASURE.rawValue):
            for fd in descriptors { close(fd) }
            obey(session: order, client: client)
        default:
            for fd in descriptors { close(fd) }
            hello(client)
        }
    }

    /// What is wrong with an order, seen with a stranger's eyes.
    private func problem(with order: cjail_order, _ descriptors: [Int32]) -> String? {
        let sockets = order.flags & UInt32(CJAIL_GO_NETWORK.rawValue) == 0 ? 0 : 1
        guard (4...5).contains(descriptors.count - sockets) else { return "order: descriptors" }
        guard hosts[order.host] != nil || isPooled(order.host) else { return "order: host" }
        let isSession = order.kind == UInt32(CJAIL_ORDER_SESSION.rawValue)
        let isOfSessions = interpreters[order.host]?.isOfSessions == true
        // Guests of the exec host are bound as programs are, and can be a session's as well.
        guard isSession ? isOfSessions || order.host == 0 : !isOfSessions else { return "order: host" }
        guard !isSession || descriptors.count - sockets == 5 else { return "order: descriptors" }
        guard order.wall_ns > 0, order.wall_ns <= options.maxWall else { return "order: wall" }
        guard order.cpu_ns > 0, order.cpu_ns <= options.maxWall else { return "order: cpu" }
        guard order.memory_bytes >= 1 << 20, order.memory_bytes <= options.maxMemory else {
            return "order: memory"
        }
        guard order.disk_bytes >= 4096, order.disk_bytes <= options.maxDisk else { return "order: disk" }
        guard order.files > 0, order.files <= 10_000_000 else { return "order: files" }
        guard order.processes > 0, order.processes <= 30_000 else { return "order: processes" }
        guard order.cpu_percent > 0, order.cpu_percent <= 100_000 else { return "order: cpu share" }
        guard !order.keyText.isEmpty else { return "order: key" }
        let isHost = order.kind == UInt32(CJAIL_ORDER_HOST.rawValue)
        guard order.namesEnvironment != order.environmentText.isEmpty,
            !isHost || order.namesEnvironment
        else {
            return "order: environment"
        }
        // A process has one notifier, and forks of a confined host have its already.
        guard !order.namesEnvironment || order.flags & CJAIL_GO_PROFILE.rawValue == 0 else {
            return "order: profile"
        }
        return nil
    }

    private func cancel(_ order: cjail_order, client: Int) {
        for key in pools.keys {
            let gone = pools[key]?.withdraw { $0.client == client && $0.order.token == order.token } ?? []
            for run in gone { refuse(run, "cancelled", ECANCELED) }
        }
        for sandbox in sandboxes.values
        where sandbox.run?.client == client && sandbox.run?.order.token == order.token {
            kill(sandbox, order.reason)
        }
    }

    func hello(_ client: Int) {
        var report = cjail_report()
        report.kind = UInt32(CJAIL_REPORT_HELLO.rawValue)
        report.layers = layers
        report.memory_grade = UInt32((tree == nil ? CJAIL_MEMORY_SAMPLED : CJAIL_MEMORY_GROUP).rawValue)
        report.own_uid = isRoot ? 1 : 0
        report.pooled = interpreters.keys.filter(isPooled).reduce(0) { $0 | 1 << $1 }
        report.hosts = hosts.keys.reduce(report.pooled) { $0 | 1 << $1 }
        report.group_version = UInt32(tree?.places.version?.rawValue ?? 0)
        report.landlock_abi = UInt32(policy.landlockABI)
        report.pid = UInt32(getpid())
        report.confined = UInt32(mostConfined)
        withUnsafeMutableBytes(of: &report.policy) { $0.copyBytes(from: policyHashes.joined()) }
        report.setText(refusal ?? "")
        send(report, to: client)
    }

    private var layers: UInt32 {
        var layers = UInt32(1 << 12) - 1
        if policy.landlockABI == 0 { layers &= ~UInt32(CJAIL_LAYER_LANDLOCK.rawValue) }
        if policy.withoutProc { layers &= ~UInt32(CJAIL_LAYER_PROC.rawValue) }
        return layers
    }

    func refuse(_ run: Sandbox.Run, _ why: String, _ code: Int32) {
        for fd in run.descriptors { close(fd) }
        var report = cjail_report()
        report.kind = UInt32(CJAIL_REPORT_REFUSED.rawValue)
        report.token = run.order.token
        report.error = UInt32(code)
        report.setText(why)
        send(report, to: run.client)
    }

    func report(started sandbox: Sandbox, at time: Int64) {
        guard let run = sandbox.run else { return }
        var report = cjail_report()
        report.kind = UInt32(CJAIL_REPORT_STARTED.rawValue)
        report.token = run.order.token
        report.started_ns = time
        send(report, to: run.client)
    }

    func report(ended sandbox: Sandbox, _ note: cjail_note) {
        guard let run = sandbox.run, !sandbox.reported else { return }
        sandbox.reported = true
        var report = cjail_report()
        report.kind = UInt32(CJAIL_REPORT_ENDED.rawValue)
        report.token = run.order.token
        report.wait_status = note.a
        // An init that was killed tells no time; ours is later by no more than its death took.
        let ownMeasure = sandbox.releasedAt.map { Monotonic.now() - $0 } ?? 0
        report.wall_ns = note.wall_ns > 0 ? note.wall_ns : ownMeasure
        report.disk_total = note.disk_total
        report.disk_free = note.disk_free
        report.inodes_total = note.inodes_total
        report.inodes_free = note.inodes_free
        let isFull = fillUsage(&report, sandbox, note)
        report.reason = reason(sandbox, note, oomKills: report.oom_kills, isFull: isFull)
        if let failure = sandbox.failure {
            report.error = UInt32(bitPattern: failure.code)
            report.setText(failure.stage)
        }
        send(report, to: run.client)
    }

    /// - Returns: Whether its control group was full.
    private func fillUsage(
        _ report: inout cjail_report, _ sandbox: Sandbox, _ note: cjail_note
    ) -> Bool {
        guard let group = groups[sandbox.index]?.group else {
            report.cpu_ns = note.cpu_ns
            report.memory_peak = note.memory_bytes
            report.processes_peak = Int64(note.processes)
            return false
        }
        let reading = group.reading()
        report.cpu_ns = reading.cpu ?? -1
        report.memory_peak = reading.memoryPeak ?? -1
        report.processes_peak = reading.processesPeak ?? -1
        report.oom_kills = reading.oomKills
        report.process_refusals = reading.processRefusals
        return reading.isFull
    }

    private func reason(
        _ sandbox: Sandbox, _ note: cjail_note, oomKills: UInt64, isFull: Bool
    ) -> UInt32 {
        if oomKills > 0, sandbox.reason == 0 || sandbox.reason == UInt32(CJAIL_END_MEMORY.rawValue) {
            // Killed within its own limit: somebody further out had no memory left.
            return UInt32((isFull ? CJAIL_END_MEMORY : CJAIL_END_HOST_MEMORY).rawValue)
        }
        if sandbox.reason != 0 { return sandbox.reason }
        switch note.sampled_limit {
        case UInt32(CJAIL_SAMPLED_MEMORY.rawValue): return UInt32(CJAIL_END_MEMORY.rawValue)
        case UInt32(CJAIL_SAMPLED_CPU.rawValue): return UInt32(CJAIL_END_CPU.rawValue)
        default: break
        }
        // Init that ends without a word, or a step that failed, is the engine's fault.
        let isOwn = note.kind == UInt32(CJAIL_ENDED.rawValue) && sandbox.failure == nil
        return UInt32((isOwn ? CJAIL_END_OWN : CJAIL_END_ENGINE).rawValue)
    }

    func send(_ report: cjail_report, to client: Int) {
        guard let socket = clients[client] else { return }
        guard socket.backlog.isEmpty else {
            socket.backlog.append(report)
            if socket.backlog.count > Client.longestBacklog { lost(client: client) }
            return
        }
        do throws(SystemFailure) { try socket.socket.send(report, waiting: false) } catch {
            guard error.code == EAGAIN else { return lost(client: client) }
            socket.backlog.append(report)
            try? epoll.change(socket.socket.rawValue, [.input, .output], tag: Self.tag(.client, client))
        }
    }

    /// Sends a client what it left no room for earlier: one that reads nothing holds up nobody else.
    func catchUp(client index: Int) {
        guard let client = clients[index], !client.backlog.isEmpty else { return }
        var sent = 0
        do throws(SystemFailure) {
            for report in client.backlog {
                try client.socket.send(report, waiting: false)
                sent += 1
            }
            try epoll.change(client.socket.rawValue, .input, tag: Self.tag(.client, index))
        } catch  where error.code == EAGAIN {
        } catch {
            return lost(client: index)
        }
        client.backlog.removeFirst(sent)
    }
}

extension cjail_order {
    /// A name, or nothing if it holds what a folder's name may not.
    var keyText: String { withUnsafeBytes(of: key, Self.name) }

    var environmentText: String { withUnsafeBytes(of: environment, Self.name) }

    /// Whether anything at all stands where the environment's name does.
    var namesEnvironment: Bool { environment.0 != 0 }

    private static func name(_ bytes: UnsafeRawBufferPointer) -> String {
        let name = bytes.prefix { $0 != 0 }
        let letters = name.allSatisfy { byte in
            (byte >= 48 && byte <= 57) || (byte | 32 >= 97 && byte | 32 <= 122) || byte == 45
                || byte == 95
        }
        return letters && name.count < bytes.count ? String(decoding: name, as: UTF8.self) : ""
    }
}

extension cjail_report {
    mutating func setText(_ value: String) {
        withUnsafeMutableBytes(of: &text) { room in
            let bytes = Array(value.utf8.prefix(room.count - 1))
            room.copyBytes(from: bytes)
        }
    }
}
