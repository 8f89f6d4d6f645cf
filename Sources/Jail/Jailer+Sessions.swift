internal import CJail
internal import Glibc
internal import Posix
internal import Wire

/// Sessions: sandboxes that stay, and take further forks of interpreter hosts while they run.
///
/// What happens in one is between its init and the service, over the socket that came with the order. The jailer lends the
/// sandbox, lets forks in, measures, and ends it.
extension Jailer {
    /// What a client asks of a session that it has.
    func obey(session order: cjail_order, client: Int) {
        guard let sandbox = session(of: order.token, client: client) else { return }
        switch order.kind {
        case UInt32(CJAIL_ORDER_MEMBER.rawValue): admit(order, to: sandbox)
        default: measure(sandbox)
        }
    }

    private func session(of token: UInt64, client: Int) -> Sandbox? {
        sandboxes.values.first {
            $0.isSession && $0.run?.client == client && $0.run?.order.token == token && $0.state == .running
        }
    }

    /// Has init make ready for another guest; it answers with the way in (``joinSession(_:_:_:)``).
    private func admit(_ order: cjail_order, to sandbox: Sandbox) {
        guard interpreters[order.host]?.isOfSessions == true, order.number < 1 << 62,
            sandbox.admitted.count < Int(CJAIL_MEMBERS_MAX)
        else { return }
        sandbox.admitted[Int64(order.number)] = order.host
        var note = cjail_note()
        note.kind = UInt32(CJAIL_ADMIT.rawValue)
        note.b = Int64(order.number)
        try? sandbox.control.send(note, waiting: false)
    }

    /// Sends a fork in.
    ///
    /// Where no host is there the socket closes, and init tells the service that nobody came.
    func joinSession(_ sandbox: Sandbox, _ number: Int64, _ socket: Int32) {
        guard let kind = sandbox.admitted.removeValue(forKey: number), let host = hosts[kind], host.isAlive
        else { return }
        var note = cjail_note()
        note.kind = UInt32(CJAIL_JOIN.rawValue)
        note.a = Int32(bitPattern: CJAIL_JOIN_AWAITED.rawValue | CJAIL_JOIN_SESSION.rawValue)
        do throws(SystemFailure) {
            let groups = try groups[sandbox.index]?.group.membership() ?? []
            try host.ask(note, for: sandbox.index, descriptors: [socket] + groups)
            sandbox.joining.append(kind)
        } catch { log("join: \(error)") }
    }

    /// A fork that was sent into a session stands there.
    func hasJoined(_ sandbox: Sandbox) {
        guard !sandbox.joining.isEmpty else { return }
        if let host = hosts[sandbox.joining.removeFirst()] { answered(host, about: sandbox.index) }
    }

    // MARK: Branches

    /// What stands before a session's token in the name that its branches are asked for by; no environment is called so.
    private static let branchPrefix = "branch-"

    static func isBranch(_ environment: String) -> Bool { environment.hasPrefix(branchPrefix) }

    /// Makes a session one whose forks can be asked for, as those of an environment's host are: its init has been told by
    /// the service which of its checkpoints they are copies of.
    func prepareBranch(_ key: PoolKey, client: Int) {
        guard confined[key] == nil, let token = UInt64(key.environment.dropFirst(Self.branchPrefix.count)),
            let sandbox = session(of: token, client: client), sandbox.pool.host == key.host,
            sandbox.pool.key == key.key
        else { return }
        lastGeneration += 1
        let host = ConfinedHost(key: key, generation: lastGeneration, sandbox: sandbox)
        host.isReady = true
        sandbox.branching = host
        confined[key] = host
        _ = machine(host.pool, idle: false)
    }

    private func measure(_ sandbox: Sandbox) {
        guard let run = sandbox.run else { return }
        var report = cjail_report()
        report.kind = UInt32(CJAIL_REPORT_MEASURED.rawValue)
        report.token = run.order.token
        report.cpu_ns = -1
        report.memory_peak = -1
        report.processes_peak = -1
        report.wall_ns = -1
        if let group = groups[sandbox.index]?.group {
            let reading = group.reading()
            report.cpu_ns = reading.cpu ?? -1
            report.memory_peak = reading.memoryPeak ?? -1
            report.processes_peak = reading.processesPeak ?? -1
            report.oom_kills = reading.oomKills
            report.process_refusals = reading.processRefusals
            report.wall_ns = group.memoryNow() ?? -1
        }
        send(report, to: run.client)
    }
}
