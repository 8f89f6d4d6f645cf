internal import CJail
internal import Glibc
internal import Posix

/// The machine's memory: when there is none left although new runs wait for some already, the largest run ends.
///
/// The kernel would choose as well, but late, after the machine has stood still, and perhaps somebody else.
extension Jailer {
    private static let usualPause: Int64 = 100_000_000
    /// When it is nearly so far.
    private static let shortPause: Int64 = 10_000_000
    /// Between two runs that end: memory takes time to come back.
    private static let pauseOfEnd: Int64 = 100_000_000
    /// Ending anything smaller helps nobody.
    private static let leastUse: Int64 = 16 << 20

    /// Has the memory looked at for as long as something runs.
    func watchMemory() {
        guard memoryCheckAt == .max, tree?.places.memory != nil else { return }
        memoryCheckAt = Monotonic.now() + Self.usualPause
    }

    func checkMemory(_ now: Int64) {
        let running = sandboxes.values.filter { $0.state == .running }
        guard !running.isEmpty, let reading = machineMemory.read() else {
            memoryCheckAt = .max
            return
        }
        let least = options.leastMemory.map(Int.init) ?? reading.total / 100 * 3
        guard reading.available < least else {
            memoryCheckAt = now + (reading.available < 2 * least ? Self.shortPause : Self.usualPause)
            return
        }
        memoryCheckAt = now + Self.pauseOfEnd
        // One that ends gives back what it has.
        guard !running.contains(where: { $0.reason == UInt32(CJAIL_END_HOST_MEMORY.rawValue) }) else {
            return
        }
        let sizes = running.compactMap { sandbox in
            groups[sandbox.index]?.group.memoryNow().map { (sandbox, $0) }
        }
        guard let (largest, size) = sizes.max(by: { $0.1 < $1.1 }), size >= Self.leastUse else { return }
        log(
            "the machine has \(reading.available >> 20) MiB left; the largest run, of \(size >> 20) MiB, ends"
        )
        kill(largest, UInt32(CJAIL_END_HOST_MEMORY.rawValue))
    }

    /// Makes the kernel choose what we start before it chooses us or the service, should it come to that.
    static func offerToKernel(_ pid: Int32) { try? SmallFile.write("/proc/\(pid)/oom_score_adj", "1000") }
}
