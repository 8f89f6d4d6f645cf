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

    /// Reads `2026-11-21`, `2026-11-21T01:02:03Z` or `2026-11-21T01:02:03.456Z`, in UTC.
    static func parse(_ text: String) -> Int64? {
        let parts = text.split(separator: "T", omittingEmptySubsequences: false)
        guard let day = parts.first.flatMap({ CivilDate(iso: $0) }), parts.count <= 2 else { return nil }
        var milliseconds = day.days * 86_400_000
        if parts.count == 2 {
            guard let time = Self.time(parts[1]) else { return nil }
            milliseconds += time
        }
        // In nanoseconds the years end in 2262; what is later stands for as late as can be.
        let (nanoseconds, isBeyond) = Int64(milliseconds).multipliedReportingOverflow(by: 1_000_000)
        return isBeyond ? .max : nanoseconds
    }

    /// Milliseconds of `01:02:03.456Z`.
    private static func time(_ text: Substring) -> Int? {
        let bytes = Array(text.utf8)
        guard bytes.count == 9 || bytes.count == 13, bytes[2] == UInt8(ascii: ":"),
            bytes[5] == UInt8(ascii: ":"),
            bytes.last == UInt8(ascii: "Z"), let hours = number(bytes[0..<2]),
            let minutes = number(bytes[3..<5]),
            let seconds = number(bytes[6..<8]), hours < 24, minutes < 60, seconds < 60
        else { return nil }
        var milliseconds = 0
        if bytes.count == 13 {
            guard bytes[8] == UInt8(ascii: "."), let thousandths = number(bytes[9..<12]) else { return nil }
            milliseconds = thousandths
        }
        return ((hours * 60 + minutes) * 60 + seconds) * 1_000 + milliseconds
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        guard digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(String(decoding: digits, as: UTF8.self))
    }

    private static func pad(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
