/// How much is measured, and of what.
struct BenchPlan: Hashable, Sendable {
    static let ids = [
        "warm", "preloaded", "command", "alone", "bwrap", "tail", "throughput", "fresh", "sleepers", "memory",
        "javascript", "typescript", "node-memory", "growth", "compiled", "tests", "sql",
        "environment", "libraries", "http", "connections", "records", "crowd", "burst", "fairness", "idle",
        "endurance",
    ]
    /// Measured only where it is asked for: a quarter of an hour.
    static let onDemand: Set = ["endurance"]

    var isQuick: Bool
    var rows: Set<String>
    var allowed: [String]
    /// Of the interleaved rounds, besides the first twenty.
    var rounds: Int { isQuick ? 120 : 1_000 }
    var dropped: Int { 20 }
    /// Of the rounds with an import of numpy and pandas, each of which takes a quarter of a second.
    var slowRounds: Int { isQuick ? 12 : 60 }
    var slowDropped: Int { isQuick ? 4 : 20 }
    var tailRuns: Int { 2_000 }
    /// Of each of the slices in which both sides are measured at saturation.
    var slice: Int64 { isQuick ? 1_500_000_000 : 5_000_000_000 }
    var slices: Int { isQuick ? 2 : 4 }
    /// Of the service and what it is compared with, by turns that are short: a machine's mood changes within seconds.
    var turn: Int64 { 1_000_000_000 }
    var turns: Int { isQuick ? 4 : 20 }
    /// Of a hundred clients at once.
    var crowdSeconds: Int64 { isQuick ? 5 : 30 }
    var fairnessSeconds: Int64 { isQuick ? 3 : 10 }
    var burst: Int { isQuick ? 1_000 : 2_000 }
    var idleConnections: Int { isQuick ? 1_000 : 5_000 }
    var enduranceRuns: Int { isQuick ? 4_000 : 200_000 }
    var growthRuns: Int { isQuick ? 2_000 : 20_000 }

    init(isQuick: Bool, rows: String?, allowed: [String]) throws(UsageError) {
        self.isQuick = isQuick
        self.allowed = allowed
        let named =
            rows.map { $0.split(separator: ",").map(String.init) }
            ?? Self.ids.filter { !Self.onDemand.contains($0) }
        for name in named where !Self.ids.contains(name) {
            throw UsageError("there is no row '\(name)'; the rows are \(Self.ids.joined(separator: ", "))")
        }
        self.rows = Set(named)
    }
}
