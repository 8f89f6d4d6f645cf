internal import Glibc
internal import Posix

/// What the kernel says of processes.
enum ProcessTable {
    struct Entry: Hashable {
        var pid: Int32
        var parent: Int32
        var name: String
        var isDead: Bool
    }

    static func all() -> [Entry] {
        SmallFile.names(in: "/proc").compactMap(Int32.init).compactMap { pid in
            guard let text = try? SmallFile.read("/proc/\(pid)/stat"), let open = text.firstIndex(of: "("),
                let close = text.lastIndex(of: ")")
            else { return nil }
            let fields = text[text.index(after: close)...].split(separator: " ")
            guard fields.count > 1, let parent = Int32(fields[1]) else { return nil }
            return Entry(
                pid: pid, parent: parent, name: String(text[text.index(after: open)..<close]),
                isDead: fields[0] == "Z" || fields[0] == "X")
        }
    }

    /// All processes below one, itself not among them; what is dead and only not reaped counts too.
    static func descendants(of pid: Int32) -> [Entry] {
        let entries = all()
        var found: [Entry] = []
        var parents: Set = [pid]
        while true {
            let next = entries.filter { parents.contains($0.parent) && !found.contains($0) }
            if next.isEmpty { return found }
            found += next
            parents = Set(next.map(\.pid))
        }
    }

    static func openDescriptors(of pid: Int32) -> [String] {
        SmallFile.names(in: "/proc/\(pid)/fd").compactMap { name in
            var target = [CChar](repeating: 0, count: 256)
            let length = readlink("/proc/\(pid)/fd/\(name)", &target, target.count)
            guard length > 0 else { return nil }
            return String(decoding: target[0..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }
}

/// Waits for what must come sooner or later; the test's time limit is the end of patience.
func eventually(_ condition: () throws -> Bool) async rethrows {
    while try !condition() {
        do { try await Task.sleep(for: .milliseconds(10)) } catch { return }
    }
}
