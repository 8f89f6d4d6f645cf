internal import CJail
internal import Glibc
package import Posix

/// The jailer's own subtree of control groups: one parent for hosts, one for each key, and a group for
/// each sandbox in its key's.
///
/// The tree's name carries the jailer's pid and start time, so that a later start can tell what was left behind.
package struct GroupTree: Sendable {
    package static let prefix = "diatom-"

    package let places: ControllerPlaces
    package let name: String

    package init(places: ControllerPlaces) throws(SystemFailure) {
        self.places = places
        name = "\(Self.prefix)\(getpid())-\(Self.startTime(of: getpid()) ?? "0")"
        for place in places.distinct { try make("\(place.path)/\(name)", parent: true, place.version) }
        for place in places.distinct { try make("\(place.path)/\(name)/hosts", parent: false, place.version) }
    }

    /// The files that a host writes "0" to, opened by us; the caller closes them.
    package func openHostMembership() throws(SystemFailure) -> [Int32] {
        var fds: [Int32] = []
        for place in places.distinct {
            fds.append(try openMembership("\(place.path)/\(name)/hosts", place.version))
        }
        return fds
    }

    func makeKey(_ key: String) throws(SystemFailure) {
        for place in places.distinct { try make(path(place, key), parent: true, place.version) }
    }

    /// Removes a key's parent, unless there are still groups in it.
    func removeKey(_ key: String) -> Bool {
        places.distinct.reduce(true) { rmdir(path($1, key)) == 0 || errno == ENOENT ? $0 : false }
    }

    func path(_ place: ControllerPlaces.Place, _ key: String) -> String { "\(place.path)/\(name)/k-\(key)" }

    func make(_ path: String, parent: Bool, _ version: ControllerPlaces.Version) throws(SystemFailure) {
        if mkdir(path, 0o755) < 0, errno != EEXIST {
            throw SystemFailure(operation: "mkdir \(path)", code: errno)
        }
        guard parent, version == .two else { return }
        for controller in ["memory", "pids", "cpu"] {
            try? SmallFile.write("\(path)/cgroup.subtree_control", "+\(controller)")
        }
    }

    func openMembership(_ path: String, _ version: ControllerPlaces.Version) throws(SystemFailure) -> Int32 {
        let file = version == .one ? "\(path)/tasks" : "\(path)/cgroup.procs"
        return try check("open \(file)") { open(file, O_WRONLY | O_CLOEXEC) }
    }

    /// Kills what is in a tree and removes it.
    package static func remove(_ name: String, in places: ControllerPlaces) {
        for _ in 0..<200 {
            var left = false
            for place in places.distinct {
                let path = "\(place.path)/\(name)"
                guard SmallFile.exists(path) else { continue }
                empty(path)
                left = SmallFile.exists(path) || left
            }
            if !left { return }
            usleep(5000)
        }
    }

    /// Removes the trees of jailers that are gone.
    package static func sweep(_ places: ControllerPlaces) {
        var names: Set<String> = []
        for place in places.distinct {
            for name in SmallFile.names(in: place.path) where name.hasPrefix(prefix) { names.insert(name) }
        }
        for name in names {
            let parts = name.dropFirst(prefix.count).split(separator: "-")
            guard parts.count == 2, let pid = Int32(parts[0]) else { continue }
            if startTime(of: pid) != String(parts[1]) { remove(name, in: places) }
        }
    }

    private static func empty(_ path: String) {
        for name in SmallFile.names(in: path) {
            var state = stat()
            let child = "\(path)/\(name)"
            if lstat(child, &state) == 0, state.st_mode & S_IFMT == S_IFDIR { empty(child) }
        }
        if let members = try? SmallFile.read("\(path)/cgroup.procs", limit: 1 << 20) {
            for line in members.split(separator: "\n") {
                if let pid = Int32(line), pid > 1, pid != getpid() { kill(pid, SIGKILL) }
            }
        }
        rmdir(path)
    }

    /// Field 22 of stat: together with the pid it names one process for ever.
    static func startTime(of pid: Int32) -> String? {
        guard let text = try? SmallFile.read("/proc/\(pid)/stat"), let end = text.lastIndex(of: ")") else {
            return nil
        }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 19, fields[0] != "Z", fields[0] != "X" else { return nil }
        return String(fields[19])
    }
}
