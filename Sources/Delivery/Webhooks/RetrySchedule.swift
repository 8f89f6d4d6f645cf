internal import Domain

/// When a delivery is tried again; pure.
package enum RetrySchedule {
    /// After the first attempt, the second, and so on; nine attempts over about a day.
    static let pauses: [Duration] = [
        .seconds(5), .seconds(30), .seconds(120), .seconds(600), .seconds(1_800), .seconds(7_200),
        .seconds(21_600), .seconds(43_200),
    ]

    package static var mostAttempts: Int { pauses.count + 1 }

    /// The pause after so many attempts, nil when there were enough; up to a fifth longer, so that those that failed
    /// together do not come back together.
    static func pause(after attempts: Int, random: Double = .random(in: 0...1)) -> Duration? {
        guard (1...pauses.count).contains(attempts) else { return nil }
        return pauses[attempts - 1] * (1 + random / 5)
    }
}
