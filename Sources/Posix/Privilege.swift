internal import Glibc

/// What a process that calls itself root may really do: in a container root is often root in name only.
package enum Privilege {
    /// Users and groups that root mode gives to sandboxes and to the service where the operator names no others.
    package static let usual: ClosedRange<UInt32> = 1_599_999_999...1_633_554_431

    /// Whether sandboxes can have host users of their own: real capabilities, and ids that exist here.
    package static func givesUsers(_ ids: ClosedRange<UInt32> = usual) -> Bool { whyNot(ids) == nil }

    /// What stands in the way of root mode; nil when nothing does.
    package static func whyNot(_ ids: ClosedRange<UInt32> = usual) -> String? {
        guard geteuid() == 0 else { return "this is not root" }
        guard let status = try? SmallFile.read("/proc/self/status"),
            let users = try? SmallFile.read("/proc/self/uid_map"),
            let groups = try? SmallFile.read("/proc/self/gid_map")
        else { return "/proc cannot be read" }
        return whyNot(ids, status: status, userMap: users, groupMap: groups)
    }

    /// The same for root, from the text of `/proc/self/status`, `uid_map` and `gid_map`.
    package static func whyNot(
        _ ids: ClosedRange<UInt32> = usual, status: String, userMap: String, groupMap: String
    ) -> String? {
        let needed: [(bit: Int, name: String)] = [
            (21, "CAP_SYS_ADMIN"), (7, "CAP_SETUID"), (6, "CAP_SETGID"),
        ]
        let line = status.split(separator: "\n").first { $0.hasPrefix("CapEff:") }
        let bits = line.flatMap { UInt64($0.split(separator: "\t").last ?? "", radix: 16) } ?? 0
        let missing = needed.filter { bits & 1 << $0.bit == 0 }.map(\.name)
        guard missing.isEmpty else { return "root without \(missing.joined(separator: ", "))" }
        guard [userMap, groupMap].allSatisfy({ covers($0, ids) }) else {
            return "root of a user namespace that has no host ids to give to sandboxes"
        }
        return nil
    }

    private static func covers(_ map: String, _ ids: ClosedRange<UInt32>) -> Bool {
        map.split(separator: "\n").contains { line in
            let numbers = line.split(separator: " ").compactMap { UInt64($0) }
            guard numbers.count == 3 else { return false }
            return numbers[0] <= ids.lowerBound && numbers[0] + numbers[2] > ids.upperBound
        }
    }
}
