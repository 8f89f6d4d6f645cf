internal import Domain

/// ISO 8601 in UTC with milliseconds, without Foundation.
enum Timestamp {
    /// Formats nanoseconds since 1970.
    static func format(_ nanoseconds: Int64) -> String {
        let milliseconds = Int(nanoseconds / 1_000_000)
        let (days, rest) = (milliseconds / 86_400_000, milliseconds % 86_400_000)
        let day = CivilDate(seconds: Int64(days) * 86_400)
        let time = "\(pad(rest / 3_600_000, 2)):\(pad(rest / 60_000 % 60, 2)):\(pad(rest / 1_000 % 60, 2))"
        return "\(day)T\(time).\(pad(rest % 1_000, 3))Z"
    }

    private static func pad(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
