internal import CJail
internal import Glibc
internal import Posix
internal import Wire

extension Jailer {
    func startInterpreters() throws(SystemFailure) {
        for (kind, interpreter) in interpreters where interpreter.kind == .forked { try startHost(kind) }
    }

    /// Hands the exec host its plan, without which it makes nothing.
    func givePlan() throws(SystemFailure) {
        var note = cjail_note()
        note.kind = UInt32(CJAIL_PLAN.rawValue)
        let plan = try sealedPlan(interpreter: false)
        try maker?.control.send(note, descriptors: [plan.rawValue])
    }

    private func sealedPlan(interpreter: Bool) throws(SystemFailure) -> Descriptor {
        let plan = makePlan(interpreter: interpreter)
        defer { plan.deallocate() }
        let bytes = Array(UnsafeRawBufferPointer(start: plan, count: MemoryLayout<cjail_plan>.size))
        return try SealedMemory.make("plan", [bytes])
    }

    func startHost(_ kind: UInt32) throws(SystemFailure) {
        var pair = try Pair.sockets()
        let theirs = pair.second.rawValue
        var root = root
        if let interpreter = interpreters[kind] {
            root.add(try interpreter.readFiles())
        }
        let image = RootImage(root)
        let memberships = try tree?.openHostMembership() ?? []
        defer { for fd in memberships { close(fd) } }
        let pid = try launch(kind, image: image, control: theirs, memberships: memberships)
        Self.offerToKernel(pid)
        let host = Host(kind: kind, pid: pid, control: MessageSocket(pair.takeFirst()))
        hosts[kind] = host
        try epoll.add(host.control.rawValue, .input, tag: Self.tag(.host, Int(kind)))
    }

    private func launch(
        _ kind: UInt32, image: RootImage, control: Int32, memberships: [Int32]
    ) throws(SystemFailure) -> Int32 {
        var birth = cjail_host_birth()
        birth.root = UnsafePointer(image.root)
        birth.control_fd = control
        birth.plan_fd = -1
        birth.host_uid = isRoot ? firstUser : getuid()
        birth.host_gid = isRoot ? firstUser : getgid()
        birth.outer_user = isRoot ? 0 : 1
        birth.user_fd = outerUser?.rawValue ?? -1
        birth.group_count = UInt32(memberships.count)
        withUnsafeMutableBytes(of: &birth.group_fds) { memory in
            for (index, fd) in memberships.enumerated() { memory.bindMemory(to: Int32.self)[index] = fd }
        }
        guard let interpreter = interpreters[kind] else {
            birth.ahead = UnsafePointer(aheadImage.programs)
            let pid = try checkCode("clone host") { cjail_host_start(&birth) }
            try keepUserNamespace(of: pid)
            return pid
        }
        let sealed = try sealedPlan(interpreter: true)
        birth.plan_fd = sealed.rawValue
        var arguments = interpreter.command.map { strdup($0) } + [nil]
        var environment = interpreter.environment.map { strdup($0) } + [nil]
        defer { for text in arguments + environment { free(text) } }
        return try arguments.withUnsafeMutableBufferPointer { argv throws(SystemFailure) in
            try environment.withUnsafeMutableBufferPointer { envp throws(SystemFailure) in
                birth.argv = UnsafePointer(argv.baseAddress)
                birth.envp = UnsafePointer(envp.baseAddress)
                return try checkCode("clone host") { cjail_host_start(&birth) }
            }
        }
    }

    /// Rootless, all hosts share the first one's user namespace: only from there may they enter its sandboxes.
    private func keepUserNamespace(of pid: Int32) throws(SystemFailure) {
        guard !isRoot, outerUser == nil else { return }
        let path = "/proc/\(pid)/ns/user"
        outerUser = Descriptor(adopting: try check("open \(path)") { open(path, O_RDONLY | O_CLOEXEC) })
    }

    func readHost(_ kind: UInt32) {
        guard let host = hosts[kind], host.isAlive else { return }
        do throws(SystemFailure) {
            while true {
                switch try host.control.receive(cjail_note.self, into: cjail_note()) {
                case .nothing: return
                case .ended: return hostLost(host)
                case .message(let note, let descriptors):
                    for fd in descriptors { close(fd) }
                    hear(note, from: host)
                }
            }
        } catch { hostLost(host) }
    }

    private func hear(_ note: cjail_note, from host: Host) {
        switch note.kind {
        case UInt32(CJAIL_HOST_READY.rawValue):
            host.isReady = true
            failedStarts[host.kind] = 0
            warmUp(host.kind)
            if host === maker { for kind in interpreters.keys where isPooled(kind) { warmUp(kind) } }
        case UInt32(CJAIL_SPAWNED.rawValue):
            guard let sandbox = host.pending.first else { return hostLost(host) }
            answered(host, about: sandbox)
            spawned(sandbox, pid: note.a)
        case UInt32(CJAIL_UNJOINED.rawValue):
            guard let sandbox = host.pending.first else { return hostLost(host) }
            // Init hears that nobody comes, and knows no more than that.
            sandboxes[sandbox]?.failure = ("join", -note.a)
            hostFailure = "join: \(String(cString: strerror(-note.a)))"
            log("host \(host.kind): \(hostFailure ?? "")")
            answered(host, about: sandbox)
        default:
            log("host \(host.kind): \(note.stage): \(String(cString: strerror(note.a)))")
            hostFailure = "\(note.stage): \(String(cString: strerror(note.a)))"
            hostLost(host)
            if note.stage == "fork" { pool(host.kind) }
        }
    }

    /// Whether each run of a kind finds an interpreter that was started for it alone.
    func isPooled(_ kind: UInt32) -> Bool { interpreters[kind]?.kind == .pooled }

    /// From now on guests of a kind are started ahead, because its host says that they cannot be forked, or never came up.
    private func pool(_ kind: UInt32) {
        // Without that the host is tried again, ever more rarely.
        guard let interpreter = ahead[kind], !isPooled(kind) else { return }
        log("host \(kind) cannot be forked: its runs are pooled")
        hosts[kind] = nil
        interpreters[kind] = interpreter
        for client in clients.keys { hello(client) }
        warmUp(kind)
    }

    /// A host has done what it was asked for about a sandbox.
    func answered(_ host: Host, about sandbox: Int) {
        guard let place = host.pending.firstIndex(of: sandbox) else { return }
        host.pending.remove(at: place)
        host.deadline = Monotonic.now() + Host.spawnAllowance
        if host.spawned % 500 == 0, host.isBloated() {
            log("host \(host.kind) has grown and is replaced")
            hostLost(host)
        }
    }

    /// Makes the sandboxes of a kind that are to wait ready.
    func warmUp(_ kind: UInt32) {
        _ = machine(PoolKey(host: kind, key: Self.local), idle: false)
        for key in pools.keys where key.host == kind { perform(machine(key, idle: true), key) }
    }

    /// The pool's machine, made on first use.
    func machine(_ key: PoolKey, idle: Bool) -> [PoolMachine<Sandbox.Run>.Action] {
        if pools[key] == nil {
            let usual = key.key == Self.local ? usuallyParked(key.host) : 0
            let isBranch = Self.isBranch(key.environment)
            let target = key.environment.isEmpty ? usual : isBranch ? 0 : options.parkedConfined
            pools[key] = PoolMachine(target: target, capacity: options.sandboxes)
        }
        return idle ? pools[key]?.idle() ?? [] : []
    }

    func hostLost(_ host: Host) {
        guard host.isAlive else { return }
        epoll.remove(host.control.rawValue)
        host.kill()
        // One that never comes up is tried ever more rarely, up to once in 51 s.
        host.restartAt = Monotonic.now() + (100_000_000 << min(failedStarts[host.kind, default: 0], 9))
        for index in host.pending {
            if let sandbox = sandboxes[index], sandbox.isSession, sandbox.state == .running {
                sandbox.joining.removeAll { $0 == host.kind }  // init hears that nobody comes
            } else if let sandbox = sandboxes[index], sandbox.pidfd >= 0 {
                abandon(sandbox)
            } else {
                spawnLost(index)
            }
        }
        host.pending = []
        guard !host.isReady else { return }
        failedStarts[host.kind, default: 0] += 1
        guard failedStarts[host.kind, default: 0] >= 3 else { return }
        if ahead[host.kind] == nil { refuseAll(waitingFor: host.kind) } else { pool(host.kind) }
    }

    /// A host that cannot be started keeps nobody waiting.
    private func refuseAll(waitingFor kind: UInt32) {
        let isMaker = kind == UInt32(CJAIL_HOST_EXEC.rawValue)
        for key in pools.keys
        where key.environment.isEmpty && (key.host == kind || (isMaker && isPooled(key.host))) {
            for run in pools[key]?.withdraw(where: { _ in true }) ?? [] {
                refuse(run, hostFailure ?? "the host cannot be started", EAGAIN)
            }
        }
    }

    func checkHost(_ kind: UInt32, _ now: Int64) {
        guard let host = hosts[kind], host.nextDeadline <= now else { return }
        if host.isAlive {
            log("host \(kind) does not answer")
            return hostLost(host)
        }
        do throws(SystemFailure) {
            try startHost(kind)
            if kind == UInt32(CJAIL_HOST_EXEC.rawValue) { try givePlan() }
        } catch {
            log("host \(kind): \(error)")
            host.restartAt = now + 5_000_000_000
        }
    }

    func log(_ text: String) {
        let line = Array("level=warning program=diatom-jailer event=\"\(text)\"\n".utf8)
        _ = write(2, line, line.count)
    }
}

extension cjail_note {
    /// The stage that a failure names.
    var stage: String {
        withUnsafeBytes(of: text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
