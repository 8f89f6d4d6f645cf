package import Domain

/// How the service is doing, at one moment.
package struct ServiceReading: Hashable, Sendable {
    /// Of the last five minutes.
    package var runs = 0
    package var failedRuns = 0
    package var waitP99: Duration = .zero
    /// Now.
    package var waiting = 0
    package var mostWaiting = 0
    package var diskFree = ByteCount(bytes: 0)
    package var diskSize = ByteCount(bytes: 0)
    package var storeTrouble: String?

    package init() {}
}

/// From where on somebody is told; nil for never.
package struct AlertThresholds: Hashable, Sendable {
    /// Share of runs that failed of the service's own fault.
    package var errorRate: Double? = 0.05
    /// Of the wait from when a run is taken on until its first instruction.
    package var waitP99: Duration? = .seconds(2)
    /// Share of the queue that is taken.
    package var queue: Double? = 0.8
    /// Share of the data folder's disk that is free.
    package var diskFree: Double? = 0.1

    package init() {}
}

package struct Alert: Hashable, Sendable {
    package enum Name: String, Hashable, Sendable, CaseIterable {
        case errorRate = "error_rate"
        case waitP99 = "wait_p99"
        case queue, disk, store
    }

    package enum State: String, Hashable, Sendable { case firing, resolved, test }

    package var name: Name
    package var state: State
    /// In words, with the value and the threshold.
    package var summary: String
    /// When it began, in nanoseconds since 1970.
    package var since: Int64
}

/// Decides who is told of what, and when; pure.
///
/// What holds for a minute is told, once more every four hours while it goes on, and again when it has been over for a
/// minute.
package struct AlertBook: Sendable {
    static let hold: Int64 = 60_000_000_000
    static let repetition: Int64 = 4 * 3_600_000_000_000
    /// Fewer runs say nothing of a rate.
    static let leastRuns = 20

    private struct Entry {
        /// Since when it has held, or not held, without a break.
        var changed: Int64
        var holds: Bool
        var isFiring = false
        var began: Int64 = 0
        var told: Int64 = 0
    }

    private let thresholds: AlertThresholds
    private var entries: [Alert.Name: Entry] = [:]

    package init(_ thresholds: AlertThresholds) { self.thresholds = thresholds }

    /// What is to be told after one more reading.
    package mutating func judge(_ reading: ServiceReading, now: Int64) -> [Alert] {
        Alert.Name.allCases.compactMap { name in
            let why = problem(name, reading)
            var entry = entries[name] ?? Entry(changed: now, holds: why != nil)
            defer { entries[name] = entry }
            if entry.holds != (why != nil) { (entry.holds, entry.changed) = (why != nil, now) }
            let isSettled = now - entry.changed >= Self.hold
            if let why, isSettled, !entry.isFiring || now - entry.told >= Self.repetition {
                if !entry.isFiring { entry.began = entry.changed }
                (entry.isFiring, entry.told) = (true, now)
                return Alert(name: name, state: .firing, summary: why, since: entry.began)
            }
            if why == nil, isSettled, entry.isFiring {
                entry.isFiring = false
                return Alert(name: name, state: .resolved, summary: "is over", since: entry.began)
            }
            return nil
        }
    }

    private func problem(_ name: Alert.Name, _ reading: ServiceReading) -> String? {
        switch name {
        case .errorRate:
            guard let most = thresholds.errorRate, reading.runs >= Self.leastRuns else { return nil }
            let rate = Double(reading.failedRuns) / Double(reading.runs)
            guard rate > most else { return nil }
            return "\(Self.percent(rate)) of \(reading.runs) runs in five minutes failed in the engine "
                + "(threshold \(Self.percent(most)))"
        case .waitP99:
            guard let most = thresholds.waitP99, reading.runs >= Self.leastRuns, reading.waitP99 > most else {
                return nil
            }
            return
                "a hundredth of the runs of five minutes waited \(Int(reading.waitP99.inMilliseconds)) ms or longer "
                + "for their start (threshold \(Int(most.inMilliseconds)) ms)"
        case .queue:
            guard let most = thresholds.queue, reading.mostWaiting > 0 else { return nil }
            guard Double(reading.waiting) > most * Double(reading.mostWaiting) else { return nil }
            return "\(reading.waiting) runs wait, where \(reading.mostWaiting) may "
                + "(threshold \(Self.percent(most)))"
        case .disk:
            guard let least = thresholds.diskFree, reading.diskSize.bytes > 0 else { return nil }
            let share = Double(reading.diskFree.bytes) / Double(reading.diskSize.bytes)
            guard share < least else { return nil }
            return "\(Self.percent(share)) of the data folder's disk is free: "
                + "\(reading.diskFree.wholeMebibytes) MiB (threshold \(Self.percent(least)))"
        case .store: return reading.storeTrouble.map { "the store cannot keep what it is given: \($0)" }
        }
    }

    private static func percent(_ share: Double) -> String { "\((share * 1_000).rounded() / 10) %" }
}
