internal import Glibc
internal import Posix

/// The processes of one service, found by their parents, and what they hold.
struct ServiceTree: Sendable {
    struct Member: Hashable, Sendable {
        var pid: Int32
        var parent: Int32
        var program: String
        /// Pids that it has in nested namespaces count as more than one.
        var depth: Int
        var arguments: [String]
    }

    /// What must not grow.
    struct Holdings: Hashable, Sendable {
        var descriptors = 0
        var processes = 0
        var mounts = 0
        var groups = 0
        /// In bytes, by part.
        var memory: [String: Int] = [:]
    }

    var members: [Member]

    init(root: Int32) {
        var all: [Int32: Member] = [:]
        for name in SmallFile.names(in: "/proc") {
            guard let pid = Int32(name), let member = Self.member(pid) else { continue }
            all[pid] = member
        }
        members = all.values.filter { member in
            var pid = member.pid
            var steps = 0
            while pid != root, let next = all[pid]?.parent, steps < 64 {
                pid = next
                steps += 1
            }
            return pid == root
        }.sorted { $0.pid < $1.pid }
    }

    private static func member(_ pid: Int32) -> Member? {
        guard let status = try? SmallFile.read("/proc/\(pid)/status") else { return nil }
        func field(_ name: String) -> [Substring] {
            let line = status.split(separator: "\n").first { $0.hasPrefix(name + ":") } ?? ""
            return line.split(separator: "\t").dropFirst().map { $0 }
        }
        guard let parent = field("PPid").first.flatMap({ Int32($0) }) else { return nil }
        let line = (try? SmallFile.read("/proc/\(pid)/cmdline")) ?? ""
        return Member(
            pid: pid, parent: parent, program: String(field("Name").first ?? ""), depth: field("NSpid").count,
            arguments: line.split(separator: "\0").map(String.init))
    }

    /// Service processes proper, and the keeper above them.
    var services: [Member] { members.filter { $0.program.hasPrefix("diatom-service") && $0.depth == 1 } }
    var jailer: Member? {
        members.first { $0.depth == 1 && $0.program.hasPrefix("diatom-jailer") }
    }
    /// Children of the jailer outside any sandbox: warm interpreters, the exec host, the janitor.
    var hosts: [Member] {
        guard let jailer else { return [] }
        return members.filter {
            $0.parent == jailer.pid && $0.depth == 1 && $0.program != "diatom-janitor"
        }
    }
    /// First processes of sandboxes.
    var inits: [Member] {
        guard let jailer else { return [] }
        return members.filter { $0.parent == jailer.pid && $0.depth > 1 }
    }

    func children(of pid: Int32) -> [Member] { members.filter { $0.parent == pid } }

    func holdings() -> Holdings {
        var holdings = Holdings()
        holdings.processes = members.count
        let kept = services + [jailer].compactMap { $0 } + hosts
        for member in kept {
            holdings.descriptors += SmallFile.names(in: "/proc/\(member.pid)/fd").count
            let isHost = hosts.contains(member)
            let part = isHost ? "hosts" : member == jailer ? "jailer" : "service"
            holdings.memory[part, default: 0] += Self.kilobytes("VmRSS", of: member.pid) << 10
            let mounts = (try? SmallFile.read("/proc/\(member.pid)/mounts", limit: 4 << 20)) ?? ""
            holdings.mounts += mounts.split(separator: "\n").count
        }
        if let jailer { holdings.groups = Self.groups(of: jailer.pid) }
        return holdings
    }

    /// A figure of `/proc/PID/status`.
    static func kilobytes(_ name: String, of pid: Int32) -> Int {
        let status = (try? SmallFile.read("/proc/\(pid)/status")) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix(name + ":") } ?? ""
        return line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int($0) }
            ?? 0
    }

    /// Memory that only this process has, page tables included; nil where we may not look.
    static func privateKilobytes(of pid: Int32) -> Int? {
        guard let rollup = try? SmallFile.read("/proc/\(pid)/smaps_rollup") else { return nil }
        var sum = 0
        for line in rollup.split(separator: "\n") where line.hasPrefix("Private_") {
            sum += line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        }
        return sum + kilobytes("VmPTE", of: pid)
    }

    /// Folders of a jailer's control groups, in all hierarchies.
    private static func groups(of jailer: Int32) -> Int {
        let own = (try? SmallFile.read("/proc/\(jailer)/cgroup")) ?? ""
        let mounts = (try? SmallFile.read("/proc/self/mounts", limit: 1 << 20)) ?? ""
        var roots: Set<String> = []
        for line in mounts.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 2, fields[2] == "cgroup" || fields[2] == "cgroup2" else { continue }
            for line in own.split(separator: "\n") {
                guard
                    let path = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).last
                else {
                    continue
                }
                var folder = Substring(String(fields[1]) + (path == "/" ? "" : String(path)))
                while folder.count >= fields[1].count {
                    for name in SmallFile.names(in: String(folder)) where name.hasPrefix("diatom-\(jailer)-")
                    {
                        roots.insert("\(folder)/\(name)")
                    }
                    folder = folder[..<(folder.lastIndex(of: "/") ?? folder.startIndex)]
                    if folder.isEmpty { break }
                }
            }
        }
        return roots.reduce(0) { $0 + folders(in: $1) }
    }

    private static func folders(in path: String) -> Int {
        var count = 1
        for name in SmallFile.names(in: path) {
            var state = stat()
            let child = "\(path)/\(name)"
            if lstat(child, &state) == 0, state.st_mode & S_IFMT == S_IFDIR { count += folders(in: child) }
        }
        return count
    }
}
