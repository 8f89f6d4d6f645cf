internal import Domain
internal import Engine
internal import Posix
internal import Synchronization
internal import Telemetry

/// What does not work as it should, besides the store: said in `/readyz`, and no reason to refuse work.
final class Health: Sendable {
    private static let minute: Int64 = 60_000_000_000
    /// How long a jump of the clock is told.
    private static let told = 10 * minute
    /// How long nothing is removed for its age after one: it may be the wrong time, and what is gone is gone.
    private static let patience = 24 * 60 * minute
    private static let leastDisk = ByteCount.mebibytes(64)

    private let data: String
    private let log: Log
    private let clock = Mutex(ClockWatch(ClockWatch.now()))

    init(data: String, log: Log) {
        self.data = data
        self.log = log
    }

    /// By part, in words.
    func troubles(_ engine: RunEngine) -> [(part: String, why: String)] {
        var found: [(String, String)] = []
        if let disk = EngineMetrics.disk(data),
            disk.free.bytes < max(Self.leastDisk.bytes, disk.size.bytes / 100)
        {
            found.append(("disk", "\(disk.free.wholeMebibytes) MiB are left on the data folder's disk"))
        }
        let descriptors = DescriptorLimit.use()
        if descriptors.open > descriptors.most / 10 * 9 {
            found.append(
                ("descriptors", "\(descriptors.open) of \(descriptors.most) are open; raise LimitNOFILE="))
        }
        if let refusal = engine.refusal { found.append(("isolation", "runs are refused: \(refusal)")) }
        lookAtClock()
        let now = ClockWatch.now()
        let jump = clock.withLock { $0.hasJumped(within: Self.told, of: now) ? $0.jump : nil }
        if let jump {
            found.append(
                ("clock", "the time of day jumped by \(jump.by / 1_000_000_000) s in the last ten minutes"))
        }
        return found
    }

    /// Whether what is old may be removed.
    func trustsClock() -> Bool {
        lookAtClock()
        let now = ClockWatch.now()
        return clock.withLock { !($0.hasJumped(within: Self.patience, of: now) && ($0.jump?.by ?? 0) > 0) }
    }

    private func lookAtClock() {
        let now = ClockWatch.now()
        guard let jump = clock.withLock({ $0.look(now) }) else { return }
        log(
            .warning, "clock_jumped",
            [
                "seconds": "\(jump.by / 1_000_000_000)",
                "help": jump.by > 0 ? "nothing is removed for its age for a day" : "",
            ])
    }
}
