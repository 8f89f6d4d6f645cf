internal import CJail
internal import Glibc
internal import Posix
internal import Wire

extension Jailer {
    typealias Action = PoolMachine<Sandbox.Run>.Action

    func perform(_ actions: [Action], _ key: PoolKey) {
        for action in actions {
            switch action {
            case .spawn: spawn(key)
            case .lend(let index, let run): lend(index, run)
            case .dismiss(let index): dismiss(index)
            case .refuse(let run) where !key.environment.isEmpty: refuse(run, Self.noHost, ENOENT)
            case .refuse(let run): refuse(run, hostFailure ?? "no sandbox could be made", EAGAIN)
            }
        }
    }

    private func dismiss(_ index: Int) {
        guard let sandbox = sandboxes[index], sandbox.pidfd >= 0 else { return }
        _ = cjail_pidfd_kill(sandbox.pidfd, SIGKILL)
    }

    private func spawn(_ key: PoolKey) {
        guard key.environment.isEmpty else { return spawnNested(key) }
        let isPooled = isPooled(key.host)
        guard let maker, maker.isAlive, isPooled || hosts[key.host]?.isAlive == true,
            let slot = takeSlot(for: key)
        else {
            return spawnLater(key)
        }
        do throws(SystemFailure) {
            let isOwn = key.host == maker.kind || isPooled
            var flags = isOwn ? 0 : CJAIL_SPAWN_JOINED.rawValue
            if interpreters[key.host]?.isOfSessions == true, !policy.withoutProc {
                flags |= CJAIL_SPAWN_SESSION.rawValue
            }
            try ask(
                for: prepare(slot, key), flags: flags,
                program: isPooled ? key.host : 0)
        } catch {
            log("spawn: \(error)")
            hostFailure = "\(error)"
            if sandboxes[slot] != nil { return discard(slot) }
            giveBack(slot)
            perform(pools[key]?.failed() ?? [], key)
        }
    }

    /// Puts a sandbox that is to be made on the books.
    func prepare(_ slot: Int, _ key: PoolKey) throws(SystemFailure) -> SandboxBirth {
        var pair = try Pair.sockets()
        var members: [Int32] = []
        if let group = try group(slot, key.key) {
            try group.setLimits(memory: Self.memory, processes: Self.processes, cpuPercent: 100)
            members = try group.membership()
        }
        let sandbox = Sandbox(index: slot, pool: key, control: MessageSocket(pair.takeFirst()))
        sandbox.lastDeadline = Monotonic.now() + Host.spawnAllowance
        sandboxes[slot] = sandbox
        try epoll.add(sandbox.control.rawValue, .input, tag: Self.tag(.control, slot))
        return SandboxBirth(of: sandbox, socket: pair.takeSecond(), groups: members)
    }

    /// Has the exec host clone a sandbox's init.
    ///
    /// `program`: What its guests become before they park; 0 for none.
    func ask(
        for birth: borrowing SandboxBirth, flags: UInt32, program: UInt32 = 0
    ) throws(SystemFailure) {
        guard let maker else { throw SystemFailure(operation: "spawn", code: ESRCH) }
        var note = cjail_note()
        note.kind = UInt32(CJAIL_SPAWN.rawValue)
        note.a = Int32(bitPattern: flags)
        note.b = Int64(program)
        do throws(SystemFailure) {
            try maker.ask(note, for: birth.sandbox.index, descriptors: birth.descriptors)
        } catch {
            let index = birth.sandbox.index
            maker.pending.removeAll { $0 == index }
            throw error
        }
    }

    /// Takes back a slot that nothing came of.
    func giveBack(_ slot: Int) {
        groups[slot]?.group.remove()
        groups[slot] = nil
        freeSlots.append(slot)
    }

    func spawnLater(_ key: PoolKey) {
        refillAt = min(refillAt, Monotonic.now() + 20_000_000)
        pools[key]?.unspawn()
    }

    /// Makes every sandbox; the guests of interpreters are forks of theirs that join.
    var maker: Host? { hosts[UInt32(CJAIL_HOST_EXEC.rawValue)] }

    private func group(_ slot: Int, _ key: String) throws(SystemFailure) -> SandboxGroup? {
        guard let tree else { return nil }
        if let entry = groups[slot] {
            if entry.key == key { return entry.group }
            entry.group.remove()
        }
        makeGroup(of: key)
        let group = try SandboxGroup(tree: tree, key: key, index: slot)
        groups[slot] = (key, group)
        watchMemory(slot, group)
        return group
    }

    private func watchMemory(_ slot: Int, _ group: SandboxGroup) {
        guard let watch = group.oomWatch else { return }
        try? epoll.add(watch.fd, watch.interest, tag: Self.tag(.memory, slot))
    }

    func spawned(_ index: Int, pid: Int32) {
        guard let sandbox = sandboxes[index] else { return }
        guard pid > 0 else {
            sandbox.failure = ("clone", -pid)
            hostFailure = "clone: \(String(cString: strerror(-pid)))"
            return discard(index)
        }
        sandbox.pid = pid
        sandbox.pidfd = cjail_pidfd_open(pid)
        guard sandbox.pidfd >= 0 else { return discard(index) }
        try? epoll.add(sandbox.pidfd, .input, tag: Self.tag(.process, index))
        sandbox.state = .mapping
        if sandbox.isReady { return park(sandbox) }
        guard isRoot else { return }
        do throws(SystemFailure) {
            let outer = firstUser + 1 + UInt32(index)
            try SmallFile.write("/proc/\(pid)/gid_map", "1000 \(outer) 1\n")
            try SmallFile.write("/proc/\(pid)/uid_map", "1000 \(outer) 1\n")
            var note = cjail_note()
            note.kind = UInt32(CJAIL_MAPS_WRITTEN.rawValue)
            try sandbox.control.send(note)
        } catch {
            log("maps: \(error)")
            _ = cjail_pidfd_kill(sandbox.pidfd, SIGKILL)
        }
    }

    /// A sandbox that a host had under way when it was lost: nobody's fault, and asked for again.
    func spawnLost(_ index: Int) { discard(index, counts: false) }

    /// Takes a sandbox that never had a process off the books.
    func discard(_ index: Int, counts: Bool = true) {
        guard let sandbox = sandboxes[index] else { return }
        epoll.remove(sandbox.control.rawValue)
        sandboxes[index] = nil
        if let host = sandbox.hosting { return isGone(host, status: 0) }
        release(index)
        if counts {
            perform(pools[sandbox.pool]?.failed() ?? [], sandbox.pool)
        } else {
            pools[sandbox.pool]?.unspawn()
        }
    }

    func release(_ index: Int) {
        do throws(SystemFailure) { try recycle(index) } catch {
            groups[index]?.group.remove()
            groups[index] = nil
        }
        freeSlots.append(index)
    }

    private func recycle(_ index: Int) throws(SystemFailure) {
        guard let group = groups[index]?.group else { return }
        if try group.recycle() { watchMemory(index, group) }
    }

    func readInit(_ index: Int) {
        guard let sandbox = sandboxes[index] else { return }
        do throws(SystemFailure) {
            while true {
                switch try sandbox.control.receive(cjail_note.self, into: cjail_note()) {
                case .nothing: return
                case .ended: return epoll.remove(sandbox.control.rawValue)
                case .message(let note, let descriptors):
                    hear(note, descriptors, from: sandbox)
                    for fd in descriptors { close(fd) }
                }
            }
        } catch { epoll.remove(sandbox.control.rawValue) }
    }

    private func hear(_ note: cjail_note, _ descriptors: [Int32], from sandbox: Sandbox) {
        if let host = sandbox.hosting ?? sandbox.branching, Self.isOfHost(note) {
            return hear(note, descriptors, from: host)
        }
        switch note.kind {
        case UInt32(CJAIL_VACANT.rawValue):
            guard sandbox.isSession, sandbox.state == .running else { return admit(to: sandbox, descriptors) }
            if let socket = descriptors.first { joinSession(sandbox, note.b, socket) }
        case UInt32(CJAIL_READY.rawValue):
            if sandbox.isSession, sandbox.state == .running { return hasJoined(sandbox) }
            guard sandbox.state == .mapping || sandbox.state == .ordered else { return }
            // Rootless, init can be faster than its host's word of it; without a pidfd it could not be killed.
            guard sandbox.pidfd >= 0 else { return sandbox.isReady = true }
            park(sandbox)
        case UInt32(CJAIL_STARTED.rawValue):
            guard sandbox.state == .running, let run = sandbox.run else { return }
            sandbox.releasedAt = note.b
            closeDescriptors(of: sandbox)
            sandbox.wallDeadline = sandbox.isSession ? .max : note.b + run.order.wall_ns
            if sandbox.hosting == nil { report(started: sandbox, at: note.b) }
        case UInt32(CJAIL_ENDED.rawValue):
            guard sandbox.state == .running else { return }
            ended(sandbox, note)
        default:
            guard sandbox.failure == nil else { return }
            sandbox.failure = (note.stage, note.a)
            hostFailure = "\(note.stage): \(String(cString: strerror(note.a)))"
        }
    }

    /// What the init of a confined host says of the sandboxes in its own.
    private static func isOfHost(_ note: cjail_note) -> Bool {
        [CJAIL_HOST_READY.rawValue, CJAIL_SPAWNED.rawValue, CJAIL_UNJOINED.rawValue].contains(note.kind)
    }

    /// Gets a guest into a sandbox that stands empty, after its run has left it as new or before its first.
    private func admit(to sandbox: Sandbox, _ descriptors: [Int32]) {
        do throws(SystemFailure) {
            if sandbox.state == .ending, try !renew(sandbox) { return dismiss(sandbox.index) }
            var note = cjail_note()
            guard let socket = descriptors.first else {
                note.kind = UInt32(CJAIL_ADMIT.rawValue)
                return try sandbox.control.send(note)
            }
            if let host = sandbox.parent { return try admit(to: sandbox, socket: socket, from: host) }
            guard let host = hosts[sandbox.pool.host], host.isAlive else { return abandon(sandbox) }
            note.kind = UInt32(CJAIL_JOIN.rawValue)
            let isAwaited = pools[sandbox.pool]?.isBusy == true || sandbox.hosting != nil
            note.a = Int32(bitPattern: isAwaited ? CJAIL_JOIN_AWAITED.rawValue : 0)
            if sandbox.hosting != nil { note.a |= Int32(bitPattern: CJAIL_JOIN_HOST.rawValue) }
            if interpreters[sandbox.pool.host]?.isOfSessions == true {
                note.a |= Int32(bitPattern: CJAIL_JOIN_SESSION.rawValue)
            }
            let groups = try groups[sandbox.index]?.group.membership() ?? []
            try host.ask(note, for: sandbox.index, descriptors: [socket] + groups)
        } catch {
            // An init that has just ended has its own reasons, which its reaping tells.
            if error.code != EPIPE { log("admit: \(error)") }
            hostFailure = "\(error)"
            dismiss(sandbox.index)
        }
    }

    /// Only a run that ended by itself and left nothing to be undone hands its sandbox on.
    private func renew(_ sandbox: Sandbox) throws(SystemFailure) -> Bool {
        guard sandbox.reason == 0, sandbox.failure == nil, sandbox.reported, sandbox.run != nil else {
            return false
        }
        if let group = groups[sandbox.index]?.group {
            guard group.oomKillsSince() == 0, group.isAsNew else { return false }
            try group.setLimits(memory: Self.memory, processes: Self.processes, cpuPercent: 100)
        }
        sandbox.renew()
        pools[sandbox.pool]?.renewing()
        return true
    }

    /// Ends a sandbox whose host is gone, without counting that as a failure of its own.
    func abandon(_ sandbox: Sandbox) {
        sandbox.isBlameless = true
        dismiss(sandbox.index)
    }

    /// What a client may ask of a run's init.
    private static let flagsOfRuns =
        CJAIL_GO_COLLECT.rawValue | CJAIL_GO_PROFILE.rawValue | CJAIL_GO_NETWORK.rawValue

    private func lend(_ index: Int, _ run: Sandbox.Run) {
        guard let sandbox = sandboxes[index] else { return }
        let order = run.order
        sandbox.run = run
        sandbox.state = .running
        watchMemory()
        refillAt = min(refillAt, Monotonic.now() + options.refillAfter)
        restAt = Monotonic.now() + 300_000_000
        do throws(SystemFailure) {
            if let group = groups[index]?.group {
                try group.setLimits(
                    memory: order.memory_bytes, processes: Int(order.processes),
                    cpuPercent: Int(order.cpu_percent))
                group.startMeasuring()
            }
            var note = cjail_note()
            note.kind = UInt32(CJAIL_GO.rawValue)
            note.a = Int32(bitPattern: order.flags & Self.flagsOfRuns)
            if sandbox.hosting != nil { note.a = Int32(bitPattern: CJAIL_GO_HOST.rawValue) }
            if sandbox.isSession { note.a |= Int32(bitPattern: CJAIL_GO_SESSION.rawValue) }
            note.b = order.disk_bytes
            note.c = Int64(order.files)
            note.memory_bytes = order.memory_bytes
            note.cpu_ns = order.cpu_ns
            // A host's forks inherit its rlimits, and count in its user namespace.
            note.processes = tree == nil && sandbox.hosting == nil ? order.processes : 0
            try sandbox.control.send(note, descriptors: run.descriptors)
            let now = Monotonic.now()
            sandbox.wallDeadline = now + order.wall_ns + 5_000_000_000
            sandbox.cpuCheck =
                tree == nil || sandbox.isSession
                ? .max : now + order.cpu_ns * 100 / Int64(max(100, order.cpu_percent))
        } catch {
            sandbox.failure = (error.operation, error.code)
            _ = cjail_pidfd_kill(sandbox.pidfd, SIGKILL)
        }
    }

    /// The guest has its own descriptors now; ours would keep its streams open.
    func closeDescriptors(of sandbox: Sandbox) {
        for fd in sandbox.run?.descriptors ?? [] { close(fd) }
        sandbox.run?.descriptors = []
    }

    func park(_ sandbox: Sandbox) {
        sandbox.state = .parked
        sandbox.lastDeadline = .max
        joinerIsDone(with: sandbox)
        hasArrived(sandbox, alive: true)
        if sandbox.hosting != nil, let run = sandbox.run { return lend(sandbox.index, run) }
        if sandbox.parent?.isRetired == true { return dismiss(sandbox.index) }
        perform(pools[sandbox.pool]?.ready(sandbox.index) ?? [], sandbox.pool)
    }

    /// Nothing is to be heard any more from the host whose fork was to join.
    private func joinerIsDone(with sandbox: Sandbox) {
        if let host = hosts[sandbox.pool.host], host !== maker { answered(host, about: sandbox.index) }
    }

    /// A sandbox that ends under a host's fork takes along what works in the host's memory: nobody knows how it left that.
    private func joinerHasFailed(_ sandbox: Sandbox) {
        for kind in Set([sandbox.pool.host] + sandbox.joining) {
            guard let host = hosts[kind], host !== maker, host.isAlive,
                let place = host.pending.firstIndex(of: sandbox.index)
            else { continue }
            host.pending.remove(at: place)
            log("host \(host.kind) lost a sandbox that its fork was to join, and is replaced")
            hostLost(host)
        }
    }

    func due(_ sandbox: Sandbox, _ now: Int64) {
        if sandbox.lastDeadline <= now {
            sandbox.lastDeadline = now + 1_000_000_000
            return overdue(sandbox)
        }
        if sandbox.wallDeadline <= now {
            sandbox.wallDeadline = .max
            kill(sandbox, UInt32(CJAIL_END_WALL.rawValue))
        }
        if sandbox.cpuCheck <= now { checkCPU(sandbox, now) }
    }

    /// What does not answer is killed: the host that was to make it or its guest, or else the sandbox's init.
    private func overdue(_ sandbox: Sandbox) {
        if let host = hosts[sandbox.pool.host], host.isAlive, host.pending.contains(sandbox.index) {
            log("host \(host.kind) does not answer for a sandbox, and is replaced")
            hostLost(host)
        } else if sandbox.pidfd >= 0 {
            _ = cjail_pidfd_kill(sandbox.pidfd, SIGKILL)
        } else {
            discard(sandbox.index)
        }
    }

    /// Looks again no later than the limit could be reached, and no more often than every millisecond.
    private func checkCPU(_ sandbox: Sandbox, _ now: Int64) {
        guard let run = sandbox.run, let used = groups[sandbox.index]?.group.cpuSince() else {
            sandbox.cpuCheck = .max
            return
        }
        let rest = run.order.cpu_ns - used
        if rest <= 0 {
            sandbox.cpuCheck = .max
            return kill(sandbox, UInt32(CJAIL_END_CPU.rawValue))
        }
        sandbox.cpuCheck = now + max(1_000_000, rest * 100 / Int64(max(100, run.order.cpu_percent)))
    }

    /// Ends a run: init kills all processes at once; if it does not answer it is killed itself.
    func kill(_ sandbox: Sandbox, _ reason: UInt32) {
        guard sandbox.state == .running, sandbox.reason == 0 else { return }
        sandbox.reason = reason
        sandbox.lastDeadline = Monotonic.now() + 2_000_000_000
        var note = cjail_note()
        note.kind = UInt32(CJAIL_KILL.rawValue)
        do throws(SystemFailure) { try sandbox.control.send(note) } catch {
            _ = cjail_pidfd_kill(sandbox.pidfd, SIGKILL)
        }
    }

    func memoryChanged(_ index: Int) {
        guard let group = groups[index]?.group else { return }
        if let watch = group.oomWatch, watch.interest == .input {
            var count: UInt64 = 0
            _ = read(watch.fd, &count, 8)
        }
        guard let sandbox = sandboxes[index], sandbox.state == .running, group.oomKillsSince() > 0 else {
            return
        }
        // It costs a session one of its guests, which the kernel has chosen.
        if sandbox.isSession { return }
        kill(sandbox, UInt32(CJAIL_END_MEMORY.rawValue))
    }

    private func ended(_ sandbox: Sandbox, _ note: cjail_note) {
        closeDescriptors(of: sandbox)
        sandbox.state = .ending
        sandbox.wallDeadline = .max
        sandbox.cpuCheck = .max
        let collects = (sandbox.run?.order.flags ?? 0) & ~UInt32(CJAIL_GO_NETWORK.rawValue) != 0
        sandbox.lastDeadline = Monotonic.now() + (collects ? 10_000_000_000 : 1_000_000_000)
        report(ended: sandbox, note)
        if let host = sandbox.hosting {
            sandbox.lastDeadline = .max  // runs of its may be under way in there
            retire(host, "ended")
        }
    }

    func reap(_ index: Int) {
        guard let sandbox = sandboxes[index], sandbox.pidfd >= 0 else { return }
        var status: Int32 = 0
        readInit(index)
        guard cjail_pidfd_reap(sandbox.pidfd, &status) != 0 else { return }
        epoll.remove(sandbox.pidfd)
        epoll.remove(sandbox.control.rawValue)
        close(sandbox.pidfd)
        sandbox.pidfd = -1
        sandboxes[index] = nil
        joinerHasFailed(sandbox)
        if let host = sandbox.branching {
            retire(host, "ended")
            sandbox.branching = nil  // they hold each other
        }
        if let host = sandbox.hosting { return isGone(host, status: status) }
        hasArrived(sandbox, alive: false)
        defer { if let host = sandbox.parent { endIfIdle(host) } }
        // A sandbox that died parked, or before its guest was released, has shown nobody anything: another takes the run.
        let again =
            sandbox.releasedAt == nil && !sandbox.reported && sandbox.reason == 0 && sandbox.hasDiedUnused
        if again, var run = sandbox.run, run.misfires < 3 {
            run.misfires += 1
            sandbox.run = nil
            release(index)
            guard pools[sandbox.pool] != nil else { return refuse(run, Self.noHost, ENOENT) }
            perform(
                (pools[sandbox.pool]?.ended() ?? []) + (pools[sandbox.pool]?.order(run) ?? []), sandbox.pool)
            return
        }
        closeDescriptors(of: sandbox)
        if sandbox.run != nil, !sandbox.reported {
            var note = cjail_note()
            note.a = status
            report(ended: sandbox, note)
        }
        let wasRun = sandbox.run != nil
        release(index)
        let actions: [Action]
        switch (wasRun, sandbox.state) {
        case (true, _): actions = pools[sandbox.pool]?.ended() ?? []
        case (false, .parked): actions = pools[sandbox.pool]?.lost(index) ?? []
        case _ where sandbox.isBlameless:
            spawnLater(sandbox.pool)
            actions = []
        default:
            if isPooled(sandbox.pool.host), sandbox.failure == nil {
                hostFailure = "what is started ahead of runs ended by itself (the jailer's option 'node')"
            }
            actions = pools[sandbox.pool]?.failed() ?? []
        }
        perform(actions, sandbox.pool)
    }
}
