internal import CJail
internal import Digest
internal import Glibc
internal import Posix

/// Everything that binds a guest and is the same for all of them: filter, Landlock rules, rlimits, masks.
package struct SandboxPolicy: Sendable {
    /// Of the exec host's guests.
    package private(set) var filter: [UInt64] = []
    package private(set) var counter: [UInt64] = []
    /// Of interpreter hosts, and what closes it for their guests.
    package private(set) var standing: [UInt64] = []
    package private(set) var closing: [UInt64] = []
    /// Of guests that host runs: namespace clones and `setns` go to their init.
    package private(set) var gate: [UInt64] = []
    package var landlockABI: Int32
    package var isRoot: Bool
    package var isSampled: Bool
    package var withoutProc: Bool
    package var withoutLandlock: Bool

    package init(
        isRoot: Bool, isSampled: Bool, withoutProc: Bool, withoutLandlock: Bool
    ) {
        landlockABI = cjail_landlock_abi()
        self.isRoot = isRoot
        self.isSampled = isSampled
        self.withoutProc = withoutProc
        self.withoutLandlock = withoutLandlock
    }

    /// Takes the filters of the exec host's guests.
    mutating func take(_ ahead: borrowing FiltersAhead) throws(SystemFailure) {
        (filter, counter) = try ahead.filters()
    }

    mutating func compileForInterpreters() throws(SystemFailure) {
        standing = try FilterCompiler.standing()
        closing = try FilterCompiler.closing()
        gate = try FilterCompiler.guest(gated: true)
    }

    /// What leaks the machine's identity or load, and is of no use to a program.
    static let masks = [
        "/proc/cmdline", "/proc/keys", "/proc/key-users", "/proc/modules", "/proc/partitions",
        "/proc/sysrq-trigger",
    ]

    /// rlimits: (resource, soft, hard).
    static let rlimits: [(UInt32, UInt64, UInt64)] = [
        (4, 0, 0),  // core files
        (7, 1024, 4096),  // open files
        (3, 8 << 20, 64 << 20),  // stack
        (8, 8 << 20, 8 << 20),  // locked memory
        (12, 65_536, 65_536),  // POSIX message queues
        (11, 1024, 1024),  // queued signals
        (13, 0, 0),  // nice
        (14, 0, 0),  // real-time priority
    ]

    private static let execute: UInt64 = 1 << 0
    private static let writeFile: UInt64 = 1 << 1
    private static let readFile: UInt64 = 1 << 2
    private static let readFolder: UInt64 = 1 << 3
    private static let refer: UInt64 = 1 << 13
    private static let truncate: UInt64 = 1 << 14
    private static let deviceControl: UInt64 = 1 << 15

    /// The rights that the kernel knows, by Landlock's ABI (see landlock(7)).
    private var handled: UInt64 {
        var rights: UInt64 = (1 << 13) - 1
        if landlockABI >= 2 { rights |= Self.refer }
        if landlockABI >= 3 { rights |= Self.truncate }
        if landlockABI >= 5 { rights |= Self.deviceControl }
        return rights
    }

    /// ABI 6: no abstract socket and no signal leaves the domain.
    private var scoped: UInt64 { landlockABI >= 6 ? 3 : 0 }

    private var rules: [(String, UInt64)] {
        let reading = Self.execute | Self.readFile | Self.readFolder
        // Not device nodes: making them needs a capability anyway.
        let all = handled & ~((1 << 6) | (1 << 11))
        return [
            ("/", reading),
            ("/home", all), ("/tmp", all),
            ("/dev", reading | ((Self.writeFile | Self.truncate | Self.deviceControl) & handled)),
            ("/dev/shm", all),
            ("/proc", reading | ((Self.writeFile | Self.truncate) & handled)),
        ]
    }

    private var flags: UInt32 {
        var flags: UInt32 = 0
        if isRoot { flags |= UInt32(CJAIL_MAPPED_OUTSIDE.rawValue) }
        if isSampled { flags |= UInt32(CJAIL_SAMPLED.rawValue) }
        if withoutProc { flags |= UInt32(CJAIL_NO_PROC.rawValue) }
        if withoutLandlock { flags |= UInt32(CJAIL_NO_LANDLOCK.rawValue) }
        return flags
    }

    /// The plan that hosts carry, to be freed by who asked.
    func makePlan(
        interpreter: Bool, disk: Int, inodes: Int
    ) -> UnsafeMutablePointer<cjail_plan> {
        let plan = UnsafeMutablePointer<cjail_plan>.allocate(capacity: 1)
        plan.initialize(to: cjail_plan())
        plan.pointee.size = UInt32(MemoryLayout<cjail_plan>.size)
        plan.pointee.flags = flags
        plan.pointee.inner_uid = 1000
        plan.pointee.inner_gid = 1000
        plan.pointee.interpreter = interpreter ? 1 : 0
        plan.pointee.workspace_bytes = UInt64(disk)
        plan.pointee.workspace_inodes = UInt32(inodes)
        plan.pointee.process_limit = isSampled ? 1024 : 0
        plan.pointee.landlock_handled = handled
        plan.pointee.landlock_scoped = scoped
        fill(plan)
        return plan
    }

    private func fill(_ plan: UnsafeMutablePointer<cjail_plan>) {
        plan.pointee.rule_count = UInt32(rules.count)
        withUnsafeMutableBytes(of: &plan.pointee.rules) { memory in
            let slots = memory.bindMemory(to: cjail_rule.self)
            for (index, rule) in rules.enumerated() {
                withUnsafeMutableBytes(of: &slots[index].path) { $0.copyBytes(from: rule.0.utf8) }
                slots[index].rights = rule.1
            }
        }
        plan.pointee.rlimit_count = UInt32(Self.rlimits.count)
        withUnsafeMutableBytes(of: &plan.pointee.rlimits) { memory in
            let slots = memory.bindMemory(to: cjail_rlimit.self)
            for (index, limit) in Self.rlimits.enumerated() {
                slots[index] = cjail_rlimit(resource: limit.0, reserved: 0, soft: limit.1, hard: limit.2)
            }
        }
        plan.pointee.mask_count = UInt32(Self.masks.count)
        withUnsafeMutableBytes(of: &plan.pointee.masks) { memory in
            for (index, mask) in Self.masks.enumerated() {
                let room = UnsafeMutableRawBufferPointer(rebasing: memory[(index * Int(CJAIL_PATH_MAX))...])
                room.copyBytes(from: mask.utf8)
            }
        }
        if plan.pointee.interpreter != 0 {
            Self.fill(&plan.pointee.standing, standing)
            Self.fill(&plan.pointee.gate, gate)
        }
        Self.fill(&plan.pointee.filter, plan.pointee.interpreter != 0 ? closing : filter)
        Self.fill(&plan.pointee.counter, counter)
    }

    private static func fill(_ target: inout cjail_filter, _ words: [UInt64]) {
        precondition(words.count <= Int(CJAIL_FILTER_MAX), "the filter has outgrown CJAIL_FILTER_MAX")
        target.count = UInt32(words.count)
        withUnsafeMutableBytes(of: &target.code) { memory in
            words.withUnsafeBytes { memory.copyMemory(from: $0) }
        }
    }

    /// SHA-256 over the plan as guests meet it, and over what stands in their root.
    static func hash(of plan: UnsafePointer<cjail_plan>, root: RootPlan) -> [UInt8] {
        var digest = SHA256()
        // The four filters come last; of each what is used, for the rest is zeros, and a command alone waits for this.
        let beforeFilters = MemoryLayout<cjail_plan>.size - 4 * MemoryLayout<cjail_filter>.size
        digest.add(UnsafeRawBufferPointer(start: plan, count: beforeFilters))
        for filter in [\cjail_plan.standing, \.filter, \.gate, \.counter] {
            withUnsafeBytes(of: plan.pointee[keyPath: filter]) { bytes in
                let used = 8 + 8 * Int(bytes.load(as: UInt32.self))  // behind its count
                digest.add(UnsafeRawBufferPointer(rebasing: bytes[..<used]))
            }
        }
        let binds = root.binds.map { "bind \($0.source) \($0.target)" }
        let links = root.links.map { "link \($0.path) \($0.target)" }
        let files = root.files.map { file in
            // How the machine feels is not policy.
            "file \(file.path) \(file.path.hasPrefix("var/proc/") ? 0 : file.content.count)"
        }
        for line in (binds + links + files + root.folders).map({ Array("\($0)\n".utf8) }) {
            digest.add(line)
        }
        return digest.finish()
    }
}
