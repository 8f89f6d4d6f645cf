/// ISO 8601 in UTC with milliseconds, without Foundation.
enum Timestamp {
    /// Formats nanoseconds since 1970.
    static func format(_ nanoseconds: Int64) -> String {
        let milliseconds = Int(nanoseconds / 1_000_000)
        let (days, rest) = (milliseconds / 86_400_000, milliseconds % 86_400_000)
        let date = civil(days)
        let day = "\(date.year)-\(pad(date.month, 2))-\(pad(date.day, 2))"
        let time = "\(pad(rest / 3_600_000, 2)):\(pad(rest / 60_000 % 60, 2)):\(pad(rest / 1_000 % 60, 2))"
        return "\(day)T\(time).\(pad(rest % 1_000, 3))Z"
    }

    /// The Gregorian date of a day counted from 1970-01-01 (Hinnant, "chrono-compatible low-level date
    /// algorithms"): years begin in March, so that the leap day is the last.
    private static func civil(_ days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    private static func pad(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
