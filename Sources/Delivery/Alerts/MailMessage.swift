internal import Domain
internal import Glibc

/// A mail of plain text (RFC 5322).
struct MailMessage {
    var from: String
    var to: [String]
    var subject: String
    var text: String

    /// Lines end as SMTP wants it; nothing in a field can begin another one.
    func bytes(now: Int64, host: String) -> [UInt8] {
        let number = String(UInt64.random(in: .min ... .max), radix: 16)
        let lines = [
            "Date: \(Self.date(now))", "From: \(field(from))", "To: \(to.map(field).joined(separator: ", "))",
            "Message-ID: <\(number)@\(field(host))>", "Subject: \(field(subject))",
            "Auto-Submitted: auto-generated",
            "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit",
            "",
        ]
        let body = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        return Array((lines + body).map { $0 + "\r\n" }.joined().utf8)
    }

    private func field(_ text: String) -> String {
        String(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7f ? " " : Character($0) })
    }

    private static func date(_ nanoseconds: Int64) -> String {
        var seconds = time_t(nanoseconds / 1_000_000_000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(days[Int(parts.tm_wday)]), \(two(parts.tm_mday)) \(months[Int(parts.tm_mon)]) "
            + "\(parts.tm_year + 1_900) \(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) +0000"
    }
}
