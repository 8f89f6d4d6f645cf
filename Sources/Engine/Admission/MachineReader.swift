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
    private let memory = MachineMemory()

    func read() -> MachineLoad {
        var load = MachineLoad()
        if let text = try? SmallFile.read("/proc/loadavg") { load.runnable = Self.runnable(text) }
        if let reading = memory.read() {
            load.totalMemory = ByteCount(bytes: reading.total)
            load.availableMemory = ByteCount(bytes: reading.available)
        }
        return load
    }

    /// The fourth word of `/proc/loadavg` is `runnable/all`; the reader is one of them.
    static func runnable(_ text: String) -> Int? {
        let words = text.utf8.split(separator: UInt8(ascii: " "), maxSplits: 4)
        guard words.count > 3, let count = Int(Substring(words[3].prefix { $0 != UInt8(ascii: "/") }))
        else { return nil }
        return max(count - 1, 0)
    }
}
