internal import CJail
internal import Glibc
package import Posix
internal import Wire

/// The daemon that makes sandboxes: one thread, one event loop, crash-only.
///
/// It believes nothing a client or a guest says: orders are of fixed size and name no path, id or
/// capability. When a client is gone its runs are killed; when the jailer is gone everything of it goes,
/// by parent-death signals, closed sockets, and a janitor that removes the control groups.
package final class Jailer {
    enum Tag: UInt64 { case listener = 1, client, host, control, process, memory }

    let options: JailerOptions
    let epoll: Epoll
    private(set) var policy: SandboxPolicy
    let tree: GroupTree?
    /// Open for as long as the jailer lives; the janitor waits for its end.
    private var janitor: Descriptor?
    let isRoot: Bool
    /// What stands in every sandbox's root.
    let root: RootPlan
    /// The interpreters that are kept warm, by kind of host.
    var interpreters: [UInt32: InterpreterHost]
    /// What guests of the exec host can become before they park, by kind of host.
    let ahead: [UInt32: InterpreterHost]
    let aheadImage: AheadImage
    /// By kind of host.
    private(set) var policyHashes: [[UInt8]] = []
    let firstUser: UInt32
    /// Why no run can be made at all; nil when all is well.
    let refusal: String?

    /// Rootless: the user namespace that the hosts share.
    var outerUser: Descriptor?
    var hosts: [UInt32: Host] = [:]
    var pools: [PoolKey: PoolMachine<Sandbox.Run>] = [:]
    /// When the pools of callers' keys were last used.
    var uses: [PoolKey: Int64] = [:]
    /// Callers' keys that have control groups.
    var groupedKeys: Set<String> = []
    var forgetAt = Int64.max
    var sandboxes: [Int: Sandbox] = [:]
    var groups: [Int: (key: String, group: SandboxGroup)] = [:]
    var freeSlots: [Int] = []
    /// By the pools that their runs are asked for by, without generation.
    var confined: [PoolKey: ConfinedHost] = [:]
    var lastGeneration = 0
    var clients: [Int: Client] = [:]
    var listener: Int32 = -1
    var nextClient = 1
    var refillAt = Int64.max
    /// When pools that are not full are filled, nothing having been lent until then.
    var restAt = Int64.max
    /// When the machine's memory is looked at.
    var memoryCheckAt = Int64.max
    let machineMemory = MachineMemory()
    /// Starts of each kind of host in a row that came to nothing.
    var failedStarts: [UInt32: Int] = [:]
    /// What last went wrong in making a sandbox, for those who are refused.
    var hostFailure: String?

    package init(
        _ options: JailerOptions, filters: consuming FiltersAhead
    ) throws(SystemFailure) {
        self.options = options
        epoll = try Epoll()
        firstUser = options.firstUser + UInt32(getpid() % 65_536) * 512
        isRoot = Privilege.givesUsers(firstUser...firstUser + 511)
        let places = ControllerPlaces.find()
        GroupTree.sweep(places)
        tree = places.isComplete ? try? GroupTree(places: places) : nil
        let sampled = tree == nil
        refusal = Self.refusal(sampled: sampled, allowed: options.allowed)
        policy = SandboxPolicy(
            isRoot: isRoot, isSampled: sampled, withoutProc: options.allowed.contains("proc:absent"),
            withoutLandlock: options.allowed.contains("landlock:absent") && cjail_landlock_abi() == 0)
        ahead = InterpreterHost.pooled(options)
        aheadImage = AheadImage(ahead)
        root = try Self.makeRoot(options, ahead: ahead)
        interpreters = ahead.merging(InterpreterHost.all(options)) { $1 }
        freeSlots = Array((0..<min(options.sandboxes, 500)).reversed())
        // The exec host first: it builds its root while the rest is made ready here.
        if refusal == nil { try startHost(UInt32(CJAIL_HOST_EXEC.rawValue)) }
        if let tree { janitor = try Janitor.start(for: tree) }
        try policy.take(filters)
        if refusal == nil {
            try givePlan()
            // The first orders wait in the host's socket.
            warmUp(UInt32(CJAIL_HOST_EXEC.rawValue))
        }
        if !interpreters.isEmpty { try policy.compileForInterpreters() }
        if refusal == nil { try startInterpreters() }
        policyHashes = [false, true].map { interpreter in
            let plan = makePlan(interpreter: interpreter)
            defer { plan.deallocate() }
            return SandboxPolicy.hash(of: plan, root: root)
        }
    }

    /// The plan of hosts of a kind, to be freed by who asked.
    func makePlan(interpreter: Bool) -> UnsafeMutablePointer<cjail_plan> {
        policy.makePlan(interpreter: interpreter, disk: Self.disk, inodes: Self.inodes)
    }

    private static func makeRoot(
        _ options: JailerOptions, ahead: [UInt32: InterpreterHost]
    ) throws(SystemFailure) -> RootPlan {
        var root = RootPlan.standard(
            extra: options.shown, environments: options.environments, links: options.links)
        guard root.fits else {
            throw SystemFailure(
                operation: "show \(options.shown.count) folders: too many, show fewer,", code: E2BIG)
        }
        // Guests become these in the root that all sandboxes share.
        for interpreter in ahead.values { root.add(try interpreter.readFiles()) }
        return root
    }

    /// A layer that cannot be put up is a refusal, unless the operator allowed its absence by name.
    private static func refusal(sampled: Bool, allowed: Set<String>) -> String? {
        if sampled, !allowed.contains("memory:sampled") { return "memory: no control group is usable" }
        if sampled, allowed.contains("proc:absent") {
            return "memory: no control group is usable, and without /proc nothing can be sampled"
        }
        if cjail_landlock_abi() == 0, !allowed.contains("landlock:absent") {
            return "landlock: the kernel has none"
        }
        return nil
    }

    /// What parked sandboxes are made for: the defaults of a run.
    static let disk = 64 << 20
    static let inodes = 10_000
    static let processes = 64
    static let memory: Int64 = 512 << 20

    /// Serves until the last client of a born-with socket is gone.
    package func run() throws(SystemFailure) {
        if options.endsWithParent {
            _ = cjail_die_with_parent()
            // The signal is only sent for a parent that dies from now on.
            guard getppid() == options.parent else { return shutDown() }
        }
        if options.client >= 0 { try add(client: Descriptor(adopting: options.client)) }
        if let path = options.listen { try listen(at: path) }
        var events: [Epoll.Event] = []
        while true {
            try epoll.wait(timeout: timeout(), into: &events)
            for event in events { handle(event) }
            checkDeadlines()
            if clients.isEmpty, options.listen == nil { break }
        }
        shutDown()
    }

    private func handle(_ event: Epoll.Event) {
        let index = Int(event.tag & 0xffff_ffff)
        switch Tag(rawValue: event.tag >> 32) {
        case .listener: acceptClient()
        case .client:
            if event.writable { catchUp(client: index) }
            readClient(index)
        case .host: readHost(UInt32(index))
        case .control: readInit(index)
        case .process: reap(index)
        case .memory: memoryChanged(index)
        case nil: break
        }
    }

    static func tag(_ tag: Tag, _ index: Int) -> UInt64 { tag.rawValue << 32 | UInt64(index) }

    private func timeout() -> Int32 {
        var next = min(refillAt, restAt, forgetAt, memoryCheckAt)
        for sandbox in sandboxes.values { next = min(next, sandbox.nextDeadline) }
        for host in hosts.values { next = min(next, host.nextDeadline) }
        for host in confined.values { next = min(next, host.deadline) }
        guard next != .max else { return -1 }
        let rest = next - Monotonic.now()
        return rest <= 0 ? 0 : Int32(min(rest / 1_000_000 + 1, 60_000))
    }

    private func checkDeadlines() {
        let now = Monotonic.now()
        for sandbox in sandboxes.values where sandbox.nextDeadline <= now { due(sandbox, now) }
        for kind in hosts.keys { checkHost(kind, now) }
        for host in confined.values where host.deadline <= now {
            retire(host, "confined host does not answer")
        }
        if restAt <= now {
            restAt = .max
            for key in pools.keys { perform(pools[key]?.rest() ?? [], key) }
        }
        if forgetAt <= now { forgetIdleKeys(now) }
        if memoryCheckAt <= now { checkMemory(now) }
        guard refillAt <= now else { return }
        refillAt = .max
        for key in pools.keys { perform(pools[key]?.idle() ?? [], key) }
    }

    private func shutDown() {
        if options.client >= 0 { letGoOfErrors() }
        for sandbox in sandboxes.values where sandbox.pidfd >= 0 {
            _ = cjail_pidfd_kill(sandbox.pidfd, SIGKILL)
        }
        for host in hosts.values { host.kill() }
        for sandbox in sandboxes.values where sandbox.pidfd >= 0 {
            var status: Int32 = 0
            while cjail_pidfd_reap(sandbox.pidfd, &status) == 0 { usleep(200) }
        }
        for (_, entry) in groups { entry.group.remove() }
        if let tree { GroupTree.remove(tree.name, in: tree.places) }
    }

    /// A command's output is at its end when nobody holds it open any more: who reads it need not wait for the cleaning up.
    private func letGoOfErrors() {
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        guard null >= 0 else { return }
        dup2(null, 2)
        close(null)
    }
}
