/// Durations of the same thing, in nanoseconds.
struct Series: Hashable, Sendable {
    private(set) var values: [Int64] = []

    init(_ values: [Int64] = []) { self.values = values }

    mutating func add(_ nanoseconds: Int64) { values.append(nanoseconds) }

    var isEmpty: Bool { values.isEmpty }

    /// The nearest-rank percentile in milliseconds; zero of nothing is zero.
    func percentile(_ percent: Double) -> Double {
        guard !values.isEmpty else { return 0 }
        let sorted = values.sorted()
        let rank = Int((percent / 100 * Double(sorted.count)).rounded(.up)) - 1
        return Double(sorted[min(max(rank, 0), sorted.count - 1)]) / 1_000_000
    }

    var median: Double { percentile(50) }
}
