internal import CJail
internal import Glibc
internal import Posix

/// The control groups of one sandbox, one in each hierarchy; used again after a sandbox is gone.
///
/// Making and removing four version 1 groups costs a quarter of a millisecond a run, so a group
/// that is empty again is kept, unless a peak that cannot be reset or charges of the last run would
/// be seen by the next.
final class SandboxGroup {
    struct Reading {
        var cpu: Int64?
        var memoryPeak: Int64?
        var processesPeak: Int64?
        var oomKills: UInt64 = 0
        var processRefusals: UInt64 = 0
        /// Whether the group was at its own limit, with nothing to give back.
        var isFull = false
    }

    private let tree: GroupTree
    private let key: String
    private let name: String
    private var members: [Int32] = []
    private var files: [String: Int32] = [:]
    private var oomEvent: Int32 = -1
    private var written: [String: String] = [:]
    private var base = Reading()
    private var memoryBase: Int64 = 0
    private var timesFullBefore: UInt64 = 0
    /// What the kernel may ask for at once and not get, in bytes.
    private static let largestCharge: Int64 = 1 << 20

    private var memory: ControllerPlaces.Place? { tree.places.memory }

    init(tree: GroupTree, key: String, index: Int) throws(SystemFailure) {
        self.tree = tree
        self.key = key
        name = "s\(index)"
        for place in tree.places.distinct { try tree.make(path(place), parent: false, place.version) }
        try openAll()
    }

    deinit { close() }

    /// What an epoll should watch to hear of out-of-memory kills: input on version 1, priority on version 2.
    var oomWatch: (fd: Int32, interest: Epoll.Interest)? {
        if memory?.version == .one { return oomEvent >= 0 ? (oomEvent, .input) : nil }
        return files["oom"].map { ($0, .priority) }
    }

    /// The files that a process writes to in order to join; they stay the group's own.
    func membership() throws(SystemFailure) -> [Int32] {
        guard members.isEmpty else { return members }
        for place in tree.places.distinct {
            members.append(try tree.openMembership(path(place), place.version))
        }
        return members
    }

    /// Sets the limits; only what differs from the last setting is written.
    ///
    /// `processes`: Of the guest; init is one more.
    func setLimits(memory bytes: Int64, processes: Int, cpuPercent: Int) throws(SystemFailure) {
        let isOne = self.memory?.version == .one
        // Version 1 keeps memory ≤ memory and swap at every moment: the order depends on the direction.
        let rises = written["limit"].flatMap(Int64.init).map { $0 < bytes } ?? false  // new: no limit at all
        if isOne, rises { try set("swap", "\(bytes)") }
        try set("limit", "\(bytes)")
        try set("swap", isOne ? "\(bytes)" : "0")  // no such file where the kernel does not account swap
        try set("processes", "\(processes + 1)")
        let quota = cpuPercent * 1000
        try set("quota", tree.places.cpu?.version == .one ? "\(quota)" : "\(quota) 100000")
    }

    /// Remembers the counters as they stand, so that readings are of what comes after.
    func startMeasuring() {
        if memory?.version == .one { try? SmallFile.write(files["peak"] ?? -1, "0", name: "memory peak") }
        base = rawReading()
        if memory?.version == .two { timesFullBefore = keyed("oom", "oom") }
        memoryBase = number("usage") ?? 0
    }

    /// CPU time since the start of measuring, in nanoseconds.
    func cpuSince() -> Int64? {
        guard let now = cpuNow(), let before = base.cpu else { return nil }
        return now - before
    }

    /// What it has just now, in bytes.
    func memoryNow() -> Int64? { number("usage").map { max(0, $0 - memoryBase) } }

    func oomKillsSince() -> UInt64 { keyed("oom", "oom_kill") - base.oomKills }

    func reading() -> Reading {
        var now = rawReading()
        if let cpu = now.cpu, let before = base.cpu { now.cpu = cpu - before }
        if let peak = now.memoryPeak { now.memoryPeak = max(0, peak - memoryBase) }
        if let peak = now.processesPeak { now.processesPeak = max(0, peak - 1) }
        now.oomKills -= base.oomKills
        now.processRefusals -= base.processRefusals
        return now
    }

    /// Whether the next run may have it while the process that supervises stays in it.
    ///
    /// Moving that process would take a lock of the kernel's that all forks wait for.
    var isAsNew: Bool { stale.isEmpty }

    private var stale: [ControllerPlaces.Place] {
        let leftover = number("usage") ?? 0
        let peak = number("processesPeak") ?? 0
        return tree.places.distinct.filter { place in
            place.version == .two || (place == memory && leftover > 2 << 20)
                || (place == tree.places.processes && peak > 2)
        }
    }

    /// Makes an empty group fit for the next sandbox.
    ///
    /// Processes must be gone. Returns whether its files, and so ``oomWatch``, are others now.
    func recycle() throws(SystemFailure) -> Bool {
        let stale = stale
        guard !stale.isEmpty else { return false }
        close()
        for place in stale {
            for _ in 0..<100 where rmdir(path(place)) < 0 && errno == EBUSY { usleep(500) }
            try tree.make(path(place), parent: false, place.version)
        }
        // What stays keeps its values; what is new has the kernel's own.
        for place in stale { for name in values(of: place) { written[name] = nil } }
        try openAll()
        return true
    }

    private func values(of place: ControllerPlaces.Place) -> [String] {
        (place == memory ? ["limit", "swap"] : []) + (place == tree.places.processes ? ["processes"] : [])
            + (place == tree.places.cpu ? ["quota"] : [])
    }

    func remove() {
        close()
        for place in tree.places.distinct { rmdir(path(place)) }
    }

    private func path(_ place: ControllerPlaces.Place) -> String { "\(tree.path(place, key))/\(name)" }

    private func openAll() throws(SystemFailure) {
        if let memory {
            let one = memory.version == .one
            try open("limit", memory, one ? "memory.limit_in_bytes" : "memory.max", O_RDWR)
            try? open("swap", memory, one ? "memory.memsw.limit_in_bytes" : "memory.swap.max", O_RDWR)
            try open("usage", memory, one ? "memory.usage_in_bytes" : "memory.current", O_RDONLY)
            try? open(
                "peak", memory, one ? "memory.max_usage_in_bytes" : "memory.peak", one ? O_RDWR : O_RDONLY)
            try open("oom", memory, one ? "memory.oom_control" : "memory.events", O_RDONLY)
            if one { try watchOutOfMemory(memory) }
        }
        if let processes = tree.places.processes {
            try open("processes", processes, "pids.max", O_RDWR)
            try? open("processesPeak", processes, "pids.peak", O_RDONLY)
            try? open("processesEvents", processes, "pids.events", O_RDONLY)
        }
        if let cpu = tree.places.cpu {
            try open("quota", cpu, cpu.version == .one ? "cpu.cfs_quota_us" : "cpu.max", O_RDWR)
        }
        if let accounting = tree.places.accounting {
            try open("cpu", accounting, accounting.version == .one ? "cpuacct.usage" : "cpu.stat", O_RDONLY)
        }
    }

    private func open(_ name: String, _ place: ControllerPlaces.Place, _ file: String, _ flags: Int32)
        throws(SystemFailure)
    {
        let full = "\(path(place))/\(file)"
        files[name] = try check("open \(full)") { Glibc.open(full, flags | O_CLOEXEC) }
    }

    private func watchOutOfMemory(_ place: ControllerPlaces.Place) throws(SystemFailure) {
        oomEvent = try checkCode("eventfd") { cjail_eventfd() }
        try SmallFile.write("\(path(place))/cgroup.event_control", "\(oomEvent) \(files["oom"] ?? -1)")
    }

    private func set(_ name: String, _ value: String) throws(SystemFailure) {
        guard written[name] != value, let fd = files[name] else { return }
        try SmallFile.write(fd, value, name: "control group \(name)")
        written[name] = value
    }

    private func rawReading() -> Reading {
        Reading(
            cpu: cpuNow(), memoryPeak: number("peak"), processesPeak: number("processesPeak"),
            oomKills: keyed("oom", "oom_kill"), processRefusals: keyed("processesEvents", "max"),
            isFull: isFull)
    }

    /// Version 1 counts that only where swap is not counted as well; its peak tells.
    private var isFull: Bool {
        guard memory?.version == .one else { return keyed("oom", "oom") > timesFullBefore }
        guard let peak = number("peak"), let limit = written["limit"].flatMap(Int64.init) else { return true }
        return peak >= limit - Self.largestCharge
    }

    private func cpuNow() -> Int64? {
        if tree.places.accounting?.version == .one { return number("cpu") }
        return files["cpu"] == nil ? nil : Int64(keyed("cpu", "usage_usec")) * 1000
    }

    private func number(_ name: String) -> Int64? {
        guard let fd = files[name] else { return nil }
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32) { buffer in
            let count = pread(fd, buffer.baseAddress, 32, 0)
            guard count > 0 else { return nil }
            var value: Int64 = 0
            for byte in buffer[0..<count] {
                guard byte >= 48, byte <= 57 else { break }
                value = value &* 10 &+ Int64(byte - 48)
            }
            return value
        }
    }

    /// The number behind a word in a file of lines `word number`.
    private func keyed(_ name: String, _ word: String) -> UInt64 {
        guard let fd = files[name], let bytes = try? SmallFile.read(fd, limit: 4096) else { return 0 }
        for line in bytes.split(separator: 10) {
            let parts = line.split(separator: 32)
            guard parts.count == 2, parts[0].elementsEqual(word.utf8) else { continue }
            return parts[1].reduce(0) { $0 * 10 + UInt64($1 &- 48) }
        }
        return 0
    }

    private func close() {
        for fd in files.values { Glibc.close(fd) }
        files = [:]
        for fd in members { Glibc.close(fd) }
        members = []
        if oomEvent >= 0 { Glibc.close(oomEvent) }
        oomEvent = -1
    }
}
