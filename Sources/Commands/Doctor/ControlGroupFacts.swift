internal import Glibc
internal import Posix

/// Where the controllers that limits need can be found, and whether we may use them.
struct ControlGroupFacts: Hashable, Sendable {
    enum Tree: String, Hashable, Sendable {
        case none = "none", one = "version 1", two = "version 2", mixed = "version 1 beside version 2"
    }

    struct Controller: Hashable, Sendable {
        var name: String
        var version: Int
        /// Our own group in its hierarchy.
        var path: String
    }

    /// What the file system lets us do at a path.
    struct Access: Sendable {
        var isWritable: @Sendable (String) -> Bool
        var isReadOnly: @Sendable (String) -> Bool
        var read: @Sendable (String) -> String?

        static let real = Access(
            isWritable: { SmallFile.isWritable($0) }, isReadOnly: { SmallFile.isReadOnly($0) },
            read: { try? SmallFile.read($0) })
    }

    private(set) var tree = Tree.none
    private(set) var controllers: [Controller] = []
    /// Our group in the version 2 tree.
    private(set) var unified: String?

    static let needed = ["memory", "pids", "cpu", "cpuacct"]

    /// Reads the texts of `/proc/self/mounts` and of `/proc/self/cgroup`.
    init(mounts: String, own: String, access: Access) {
        var groups: [String: String] = [:]
        for line in own.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            for name in parts[1].split(separator: ",") { groups[String(name)] = String(parts[2]) }
            if parts[0] == "0" { groups[""] = String(parts[2]) }
        }
        var hasOne = false
        for line in mounts.split(separator: "\n") {
            let fields = line.split(separator: " ").map(String.init)
            guard fields.count > 3 else { continue }
            if fields[2] == "cgroup2", unified == nil {
                unified = Self.joined(fields[1], groups[""] ?? "/")
            } else if fields[2] == "cgroup" {
                hasOne = true
                let options = fields[3].split(separator: ",").map(String.init)
                for name in Self.needed where options.contains(name) {
                    controllers.append(
                        Controller(name: name, version: 1, path: Self.joined(fields[1], groups[name] ?? "/")))
                }
            }
        }
        if let unified { addUnified(unified, access) }
        tree = hasOne ? (unified == nil ? .one : .mixed) : (unified == nil ? .none : .two)
    }

    private mutating func addUnified(_ path: String, _ access: Access) {
        let present = Set((access.read("\(path)/cgroup.controllers") ?? "").split { $0 == " " || $0 == "\n" })
        for name in Self.needed where !controllers.contains(where: { $0.name == name }) {
            // CPU time is counted in every version 2 group.
            let file = name == "cpuacct" ? "cpu" : name
            if present.contains(Substring(file)) {
                controllers.append(Controller(name: name, version: 2, path: path))
            }
        }
    }

    func findings(isRoot: Bool, access: Access) -> [Finding] {
        var rows = [Finding(.groups, "tree", tree == .none ? .missing : .inForce, treeWords, mend: treeMend)]
        for name in Self.needed {
            guard let place = controllers.first(where: { $0.name == name }) else {
                rows.append(
                    Finding(
                        .groups, name, .missing, "no hierarchy that we are in has this controller",
                        mend: tree == .two ? Self.delegation : "boot with systemd.unified_cgroup_hierarchy=1")
                )
                continue
            }
            let at = "version \(place.version), \(place.path)"
            if let why = obstacle(place, access) {
                rows.append(
                    Finding(.groups, name, .missing, "\(at): \(why)", mend: mend(place, isRoot, access)))
            } else {
                rows.append(Finding(.groups, name, .inForce, at))
            }
        }
        return rows
    }

    private var treeWords: String {
        switch tree {
        case .none: "no control groups are mounted here"
        case .one, .two: tree.rawValue
        case .mixed: "mixed: " + tree.rawValue
        }
    }

    private var treeMend: String? {
        tree == .none ? "mount -t cgroup2 none /sys/fs/cgroup" : nil
    }

    static let delegation =
        "systemd-run --user --scope -p Delegate=yes diatom serve, or --allow memory:sampled"

    private func obstacle(_ place: Controller, _ access: Access) -> String? {
        if access.isReadOnly(place.path) { return "mounted read-only" }
        if !access.isWritable(place.path) { return "not ours to write" }
        if place.version == 2, !access.isWritable("\(place.path)/cgroup.procs") {
            return "not delegated: cgroup.procs is not ours to write"
        }
        return nil
    }

    private func mend(_ place: Controller, _ isRoot: Bool, _ access: Access) -> String {
        if access.isReadOnly(place.path) {
            return
                "start the container with its control groups writable (podman: --security-opt unmask=/sys/fs/cgroup;"
                + " docker: -v /sys/fs/cgroup:/sys/fs/cgroup:rw), or --allow memory:sampled"
        }
        if place.version == 2 { return Self.delegation }
        return isRoot
            ? "start with CAP_DAC_OVERRIDE, or --allow memory:sampled"
            : "version 1 groups are root's: run diatom serve as root, or --allow memory:sampled"
    }

    private static func joined(_ root: String, _ path: String) -> String {
        path == "/" || path.isEmpty ? root : root + (path.hasPrefix("/") ? path : "/" + path)
    }
}
