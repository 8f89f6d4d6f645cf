internal import Domain
internal import Engine
internal import Glibc
internal import Telemetry

/// What the engine and the disk say of themselves when somebody asks.
enum EngineMetrics {
    static func of(_ engine: RunEngine, store: String) -> [any Metric] {
        [
            Gauge(MetricName("diatom_runs_waiting", "Runs that wait for their turn.")) {
                Double(engine.admission.waiting)
            },
            Gauge(MetricName("diatom_runs_running", "Runs that were let in.")) {
                Double(engine.admission.running)
            },
            Gauge(
                MetricName("diatom_runs_expired_total", "Runs whose deadline passed while they waited."),
                kind: .counter, { Double(engine.admission.expired) }),
            Gauge(
                MetricName("diatom_jailer_replacements_total", "Jailers that took the place of a lost one."),
                kind: .counter, { Double(engine.jailersReplaced) }),
            Gauge(MetricName("diatom_disk_free_bytes", "What the disk of the data folder has left.")) {
                disk(store).map { Double($0.free.bytes) }
            },
            Gauge(MetricName("diatom_disk_bytes", "What it has in all.")) {
                disk(store).map { Double($0.size.bytes) }
            },
        ]
    }

    /// What the disk of a folder has left, and in all.
    static func disk(_ folder: String) -> (free: ByteCount, size: ByteCount)? {
        var state = statvfs()
        guard statvfs(folder, &state) == 0 else { return nil }
        let unit = Int(state.f_frsize)
        return (
            ByteCount(bytes: Int(state.f_bavail) * unit), ByteCount(bytes: Int(state.f_blocks) * unit)
        )
    }
}
