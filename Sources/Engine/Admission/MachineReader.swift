internal import Domain
internal import Posix

/// Reads what the queue needs to know of the machine.
protocol MachineReader: Sendable {
    func read() -> MachineLoad
}

/// The kernel's own figures.
///
/// What cannot be read is not known, and holds nobody back.
struct ProcReader: MachineReader {
    func read() -> MachineLoad {
        var load = MachineLoad()
        if let text = try? SmallFile.read("/proc/loadavg") { load.runnable = Self.runnable(text) }
        if let text = try? SmallFile.read("/proc/meminfo") {
            load.totalMemory = Self.size("MemTotal:", in: text)
            load.availableMemory = Self.size("MemAvailable:", in: text)
        }
        return load
    }

    /// The fourth word of `/proc/loadavg` is `runnable/all`; the reader is one of them.
    static func runnable(_ text: String) -> Int? {
        let words = text.split(separator: " ")
        guard words.count > 3, let count = words[3].split(separator: "/").first.flatMap({ Int($0) })
        else { return nil }
        return max(count - 1, 0)
    }

    static func size(_ name: String, in text: String) -> ByteCount? {
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name) }) else { return nil }
        let words = line.split(separator: " ")
        guard words.count > 1, let kibibytes = Int(words[1]), kibibytes < 1 << 50 else { return nil }
        return ByteCount(bytes: kibibytes << 10)
    }
}
