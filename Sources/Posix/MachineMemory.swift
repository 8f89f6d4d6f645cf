internal import Glibc

/// How much memory is left to us: the machine's, or less where a control group that we are in is limited, as containers are.
package struct MachineMemory: Sendable {
    /// In bytes.
    package struct Reading: Hashable, Sendable {
        package var available: Int
        package var total: Int

        package init(available: Int, total: Int) {
            self.available = available
            self.total = total
        }
    }

    private struct Group: Sendable {
        var limit: Int
        var usage: String
        /// Where what the kernel would give back is told.
        var statistics: String
        var reclaimable: String
    }

    /// What is asked for stands in the first three lines of `/proc/meminfo`; under load it is read every two milliseconds.
    private static let mostRead = 256

    private let root: String
    private let groups: [Group]

    /// - Parameter root: Before `/proc` and `/sys`; for tests.
    package init(root: String = "") {
        self.root = root
        groups = Self.limitedGroups(root)
    }

    /// nil where the kernel does not tell.
    package func read() -> Reading? {
        guard let text = try? SmallFile.read(root + "/proc/meminfo", limit: Self.mostRead),
            let total = Self.kibibytes("MemTotal:", in: text),
            let available = Self.kibibytes("MemAvailable:", in: text)
        else { return nil }
        var reading = Reading(available: available << 10, total: total << 10)
        for group in groups {
            guard let used = Self.number(group.usage) else { continue }
            let reclaimable = Self.word(group.reclaimable, in: group.statistics) ?? 0
            reading.total = min(reading.total, group.limit)
            reading.available = min(reading.available, max(0, group.limit - used + reclaimable))
        }
        return reading
    }

    /// Our own groups, and those around them, that have a limit.
    private static func limitedGroups(_ root: String) -> [Group] {
        let text = (try? SmallFile.read(root + "/proc/self/cgroup")) ?? ""
        var found: [Group] = []
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            let isTwo = parts[0] == "0" && parts[1].isEmpty
            guard isTwo || parts[1].split(separator: ",").contains("memory") else { continue }
            var path = parts[2] == "/" ? "" : String(parts[2])
            // A container may see its group as the root, or by a path that it has not.
            while true {
                let folder = root + "/sys/fs/cgroup" + (isTwo ? "" : "/memory") + path
                if let group = isTwo ? second(folder) : first(folder) { found.append(group) }
                guard let slash = path.lastIndex(of: "/") else { break }
                path = String(path[..<slash])
            }
        }
        return found
    }

    private static func second(_ folder: String) -> Group? {
        guard let limit = number(folder + "/memory.max") else { return nil }
        return Group(
            limit: limit, usage: folder + "/memory.current", statistics: folder + "/memory.stat",
            reclaimable: "inactive_file")
    }

    private static func first(_ folder: String) -> Group? {
        // Without a limit it is the largest number of pages that there is.
        guard let limit = number(folder + "/memory.limit_in_bytes"), limit < 1 << 60 else { return nil }
        return Group(
            limit: limit, usage: folder + "/memory.usage_in_bytes", statistics: folder + "/memory.stat",
            reclaimable: "total_inactive_file")
    }

    private static func number(_ path: String) -> Int? {
        guard let text = try? SmallFile.read(path, limit: 64) else { return nil }
        return Int(text.prefix { $0.isNumber })
    }

    private static func word(_ name: String, in path: String) -> Int? {
        guard let text = try? SmallFile.read(path) else { return nil }
        for line in text.utf8.split(separator: UInt8(ascii: "\n")) {
            let words = line.split(separator: UInt8(ascii: " "))
            if words.count == 2, words[0].elementsEqual(name.utf8) { return Int(Substring(words[1])) }
        }
        return nil
    }

    private static func kibibytes(_ name: String, in text: String) -> Int? {
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"))
        guard let line = lines.first(where: { $0.starts(with: name.utf8) }) else { return nil }
        let words = line.split(separator: UInt8(ascii: " "))
        guard words.count > 1, let kibibytes = Int(Substring(words[1])), kibibytes < 1 << 50 else {
            return nil
        }
        return kibibytes
    }
}
