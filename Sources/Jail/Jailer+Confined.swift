internal import CJail
internal import Glibc
internal import Posix
internal import Wire

extension Jailer {
    /// How many confined hosts there may be; 0 where what binds them cannot be had.
    var mostConfined: Int {
        let isPossible = policy.landlockABI > 0 && !policy.withoutLandlock && !policy.withoutProc
        let hasPython = interpreters[UInt32(CJAIL_HOST_PYTHON.rawValue)] != nil
        return isPossible && hasPython && refusal == nil ? options.confinedHosts : 0
    }

    /// Starts the host that an order asks for; its order is answered like a run's.
    func startConfined(_ run: Sandbox.Run, _ key: PoolKey) {
        guard key.host == UInt32(CJAIL_HOST_PYTHON.rawValue), !Self.isBranch(key.environment) else {
            return refuse(run, "order: host", EINVAL)
        }
        if let host = confined[key] { retire(host, "another took its place") }
        guard makeRoom() else { return refuse(run, "no room for another host", EBUSY) }
        guard let slot = takeSlot(for: key.key) else { return refuse(run, "no sandbox is free", EAGAIN) }
        do throws(SystemFailure) {
            let pool = PoolKey(host: key.host, key: key.key, environment: key.environment, generation: -1)
            let birth = try prepare(slot, pool)
            lastGeneration += 1
            let host = ConfinedHost(key: key, generation: lastGeneration, sandbox: birth.sandbox)
            birth.sandbox.hosting = host
            birth.sandbox.run = run
            confined[key] = host
            try ask(for: birth, flags: CJAIL_SPAWN_JOINED.rawValue | CJAIL_SPAWN_HOST.rawValue)
        } catch {
            log("confined host: \(error)")
            hostFailure = "\(error)"
            if sandboxes[slot] != nil { return discard(slot) }
            giveBack(slot)
            refuse(run, "\(error)", EAGAIN)
        }
    }

    /// Makes room for one more host by retiring the idle one that was used longest ago.
    private func makeRoom() -> Bool {
        let hosts = confined.values.filter { !$0.isSession }
        guard hosts.count >= mostConfined else { return true }
        let idle = hosts.filter { host in host.isReady && runs(of: host) == 0 }
        guard mostConfined > 0, let oldest = idle.min(by: { $0.lastUse < $1.lastUse }) else { return false }
        retire(oldest, "another took its place")
        return true
    }

    private func runs(of host: ConfinedHost) -> Int { pools[host.pool]?.running ?? 0 }

    /// The pool that lends sandboxes to runs of an environment; nil without a host that can fork.
    func pool(ofConfined key: PoolKey) -> PoolKey? {
        guard let host = confined[key], host.isReady else { return nil }
        host.lastUse = Monotonic.now()
        return host.pool
    }

    /// Takes what its init says of a host and of its forks.
    func hear(_ note: cjail_note, _ descriptors: [Int32], from host: ConfinedHost) {
        switch note.kind {
        case UInt32(CJAIL_HOST_READY.rawValue): isReady(host)
        case UInt32(CJAIL_SPAWNED.rawValue):
            guard !host.spawning.isEmpty else { return }
            let index = host.spawning.removeFirst()
            host.hasAnswered()
            spawned(index, pid: note.a, descriptors.first)
        case UInt32(CJAIL_UNJOINED.rawValue):
            guard let index = host.joining else { return }
            // Which of the two is heard first is chance; the nested init knows more, and has said so before it ended.
            let isVague = note.stage == "guest is not fit"
            if isVague { readInit(index) }
            let failure = isVague ? sandboxes[index]?.failure?.stage : nil
            retire(host, "\(failure ?? note.stage): \(String(cString: strerror(abs(note.a))))")
        default: break
        }
    }

    private func isReady(_ host: ConfinedHost) {
        let sandbox = host.sandbox
        guard !host.isReady, !host.isRetired, sandbox.state == .running, let began = sandbox.releasedAt else {
            return
        }
        host.isReady = true
        sandbox.wallDeadline = .max
        report(started: sandbox, at: began)
        _ = machine(host.pool, idle: false)
        perform(machine(host.pool, idle: true), host.pool)
    }

    func spawnNested(_ key: PoolKey) {
        guard let host = confined.values.first(where: { $0.pool == key }), let slot = takeSlot(for: key)
        else {
            return spawnLater(key)
        }
        do throws(SystemFailure) {
            let birth = try prepare(slot, key)
            birth.sandbox.parent = host
            var note = cjail_note()
            note.kind = UInt32(CJAIL_SPAWN.rawValue)
            host.spawning.append(slot)
            host.isAsked()
            try host.sandbox.control.send(note, descriptors: birth.descriptors, waiting: false)
        } catch {
            log("spawn: \(error)")
            hostFailure = "\(error)"
            host.spawning.removeAll { $0 == slot }
            if sandboxes[slot] != nil { return discard(slot) }
            giveBack(slot)
            perform(pools[key]?.failed() ?? [], key)
        }
    }

    /// A nested init stands, if its pidfd came: pids of its namespace mean nothing here.
    private func spawned(_ index: Int, pid: Int32, _ pidfd: Int32?) {
        guard let sandbox = sandboxes[index] else { return }
        guard pid > 0, let pidfd else {
            sandbox.failure = ("clone", -pid)
            hostFailure = "clone: \(String(cString: strerror(-pid)))"
            return discard(index)
        }
        sandbox.pidfd = fcntl(pidfd, F_DUPFD_CLOEXEC, 3)
        guard sandbox.pidfd >= 0 else { return discard(index) }
        try? epoll.add(sandbox.pidfd, .input, tag: Self.tag(.process, index))
        sandbox.state = .mapping
        if sandbox.isReady { park(sandbox) }
    }

    /// Has a fork sent to a sandbox that stands vacant; in turn.
    func admit(to sandbox: Sandbox, socket: Int32, from host: ConfinedHost) throws(SystemFailure) {
        let kept = try check("keep the guest's socket") { fcntl(socket, F_DUPFD_CLOEXEC, 3) }
        host.waiting.append((sandbox.index, kept))
        joinNext(host)
    }

    private func joinNext(_ host: ConfinedHost) {
        while host.joining == nil, !host.isRetired, !host.waiting.isEmpty {
            let (index, socket) = host.waiting.removeFirst()
            defer { close(socket) }
            guard sandboxes[index]?.parent === host else { continue }
            var note = cjail_note()
            note.kind = UInt32(CJAIL_JOIN.rawValue)
            note.a =
                pools[host.pool]?.isBusy == true ? Int32(bitPattern: CJAIL_JOIN_AWAITED.rawValue) : 0
            host.joining = index
            host.isAsked()
            do throws(SystemFailure) {
                try host.sandbox.control.send(note, descriptors: [socket], waiting: false)
            } catch { retire(host, "\(error)") }
        }
    }

    /// The guest that was on its way stands, or its sandbox is gone.
    func hasArrived(_ sandbox: Sandbox, alive: Bool) {
        guard let host = sandbox.parent, host.joining == sandbox.index else { return }
        guard alive else {
            // An honest host's forks are let in. Where only nobody came its init will say why.
            host.joining = -1
            if let failure = sandbox.failure, failure.stage != "join" { retire(host, failure.stage) }
            return
        }
        host.joining = nil
        host.hasAnswered()
        joinNext(host)
    }

    /// Asks nothing more of a host; what runs under it may end, what only waits ends now.
    func retire(_ host: ConfinedHost, _ why: String) {
        guard !host.isRetired else { return }
        if !host.isSession { log("the host of environment \(host.key.environment) is retired: \(why)") }
        host.isRetired = true
        host.deadline = .max
        if confined[host.key] === host { confined[host.key] = nil }
        if !host.isSession, host.sandbox.failure == nil, host.sandbox.reason == 0 {
            host.sandbox.failure = (why, 0)
        }
        for (_, socket) in host.waiting { close(socket) }
        host.waiting = []
        host.spawning = []
        for run in pools.removeValue(forKey: host.pool)?.waiting ?? [] { refuse(run, Self.noHost, ENOENT) }
        for sandbox in sandboxes.values where sandbox.parent === host && sandbox.state != .running {
            if sandbox.pidfd >= 0 {
                _ = cjail_pidfd_kill(sandbox.pidfd, SIGKILL)
            } else {
                discard(sandbox.index)
            }
        }
        endIfIdle(host)
    }

    /// Ends a retired host's sandbox when no run is left in it.
    func endIfIdle(_ host: ConfinedHost) {
        let isIdle = !sandboxes.values.contains { $0.parent === host && $0.state == .running }
        if host.isRetired, isIdle, !host.isSession, host.sandbox.pidfd >= 0 {
            _ = cjail_pidfd_kill(host.sandbox.pidfd, SIGKILL)
        }
    }

    /// What an engine is told that has to start the run in another way.
    static let noHost = "no host"

    /// A host's sandbox is gone, and with it whatever ran there.
    func isGone(_ host: ConfinedHost, status: Int32) {
        let sandbox = host.sandbox
        retire(host, sandbox.failure?.stage ?? "ended")
        closeDescriptors(of: sandbox)
        if let run = sandbox.run, !sandbox.reported {
            var note = cjail_note()
            note.a = status
            if sandbox.releasedAt == nil {
                refuse(run, hostFailure ?? "the host could not be started", EAGAIN)
            } else {
                report(ended: sandbox, note)
            }
        }
        sandbox.hosting = nil  // they hold each other
        release(sandbox.index)
    }
}
