internal import Glibc
internal import Posix

/// Where each control group controller can be used on this machine.
///
/// Version 2 is the target; version 1 hierarchies, and trees that mix both, work too. On version 1 our groups
/// nest below the group this process is in; on version 2 below the nearest of its ancestors that may have children
/// with limits.
package struct ControllerPlaces: Hashable, Sendable {
    package enum Version: Int, Sendable { case one = 1, two = 2 }

    package struct Place: Hashable, Sendable {
        package var path: String
        package var version: Version
    }

    package var memory: Place?
    package var processes: Place?
    package var cpu: Place?
    package var accounting: Place?

    /// Memory, processes and CPU time can be held and measured by the kernel.
    package var isComplete: Bool { memory != nil && processes != nil && accounting != nil && cpu != nil }

    /// The distinct folders, in which a sandbox needs a group each.
    package var distinct: [Place] {
        var seen: Set<String> = []
        return [memory, processes, cpu, accounting].compactMap { $0 }.filter { seen.insert($0.path).inserted }
    }

    package var version: Version? { memory?.version }

    /// The machine as ``find(_:)`` looks at it.
    package struct Machine {
        /// As in /proc/self/mounts.
        package var mounts: String
        /// As in /proc/self/cgroup.
        package var own: String
        /// Whether groups can be made in a folder.
        package var isUsable: (String) -> Bool
        /// Makes the controllers available to children of a folder; nil where we may not make any.
        package var enable: (String) -> Set<Substring>?

        package init(
            mounts: String, own: String, isUsable: @escaping (String) -> Bool,
            enable: @escaping (String) -> Set<Substring>?
        ) {
            self.mounts = mounts
            self.own = own
            self.isUsable = isUsable
            self.enable = enable
        }

        fileprivate static var real: Machine {
            Machine(
                mounts: (try? SmallFile.read("/proc/self/mounts", limit: 1 << 20)) ?? "",
                own: (try? SmallFile.read("/proc/self/cgroup")) ?? "",
                isUsable: { SmallFile.isWritable($0) && !SmallFile.isReadOnly($0) },
                enable: ControllerPlaces.enable)
        }
    }

    /// Looks at mounts and at this process's own groups; enables controllers where it may.
    package static func find() -> ControllerPlaces { find(.real) }

    package static func find(_ machine: Machine) -> ControllerPlaces {
        var places = ControllerPlaces()
        places.addVersionOne(machine)
        places.addVersionTwo(machine)
        return places
    }

    private mutating func addVersionOne(_ machine: Machine) {
        let groups = Self.ownVersionOneGroups(machine.own)
        for line in machine.mounts.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 3, fields[2] == "cgroup" else { continue }
            let options = Set(fields[3].split(separator: ",").map(String.init))
            func place(_ controller: String) -> Place? {
                guard options.contains(controller) else { return nil }
                let path = Self.joined(String(fields[1]), groups[controller] ?? "/")
                return machine.isUsable(path) ? Place(path: path, version: .one) : nil
            }
            memory = memory ?? place("memory")
            processes = processes ?? place("pids")
            cpu = cpu ?? place("cpu")
            accounting = accounting ?? place("cpuacct")
        }
    }

    private static func ownVersionOneGroups(_ own: String) -> [String: String] {
        var groups: [String: String] = [:]
        for line in own.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            for name in parts[1].split(separator: ",") { groups[String(name)] = String(parts[2]) }
        }
        return groups
    }

    private mutating func addVersionTwo(_ machine: Machine) {
        guard memory == nil || processes == nil || cpu == nil else { return }
        let mount = machine.mounts.split(separator: "\n").map { $0.split(separator: " ") }.first {
            $0.count > 2 && $0[2] == "cgroup2"
        }
        guard let mount, let line = machine.own.split(separator: "\n").first(where: { $0.hasPrefix("0::") })
        else { return }
        var path = String(line.dropFirst(3))
        let root = String(mount[1])
        while true {
            let folder = Self.joined(root, path)
            if let controllers = machine.enable(folder), controllers.isSuperset(of: Self.needed) {
                // One folder for all: a process can be in one version 2 group only.
                let place = Place(path: folder, version: .two)
                (memory, processes, cpu, accounting) = (place, place, place, place)
                return
            }
            if path == "/" || path.isEmpty { return }
            path = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
        }
    }

    /// Makes the controllers available to children of a folder; nil where we may not make any.
    private static func enable(in folder: String) -> Set<Substring>? {
        guard SmallFile.isWritable(folder), SmallFile.isWritable("\(folder)/cgroup.procs") else { return nil }
        let control = "\(folder)/cgroup.subtree_control"
        // In one write: a group that has processes of its own refuses memory, and must not be left with the rest.
        try? SmallFile.write(control, "+memory +pids +cpu")
        guard let text = try? SmallFile.read(control) else { return nil }
        return Set(text.split { $0 == " " || $0 == "\n" })
    }

    private static let needed: Set<Substring> = ["memory", "pids", "cpu"]

    private static func joined(_ root: String, _ path: String) -> String {
        path == "/" || path.isEmpty ? root : root + (path.hasPrefix("/") ? path : "/" + path)
    }
}
