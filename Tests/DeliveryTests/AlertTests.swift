@testable internal import Delivery
internal import Domain
internal import JSON
internal import Telemetry
internal import Testing

struct AlertTests {
    private let minute: Int64 = 60_000_000_000

    private func reading(waiting: Int = 0, failed: Int = 0, runs: Int = 100, free: Int = 50) -> ServiceReading
    {
        var reading = ServiceReading()
        (reading.waiting, reading.mostWaiting) = (waiting, 100)
        (reading.runs, reading.failedRuns) = (runs, failed)
        (reading.diskFree, reading.diskSize) = (.mebibytes(free), .mebibytes(100))
        return reading
    }

    @Test func `what holds for a minute is told once, and its end as well`() {
        var book = AlertBook(AlertThresholds())
        #expect(book.judge(reading(waiting: 90), now: 0).isEmpty)
        #expect(book.judge(reading(waiting: 90), now: minute - 1).isEmpty)
        let told = book.judge(reading(waiting: 90), now: minute)
        #expect(told.map(\.name) == [.queue] && told.map(\.state) == [.firing] && told[0].since == 0)
        #expect(told[0].summary.contains("90 runs wait"))
        #expect(book.judge(reading(waiting: 90), now: 2 * minute).isEmpty)
        #expect(book.judge(reading(waiting: 10), now: 3 * minute).isEmpty)
        #expect(book.judge(reading(waiting: 10), now: 4 * minute).map(\.state) == [.resolved])
        #expect(book.judge(reading(waiting: 10), now: 9 * minute).isEmpty)
    }

    @Test func `what comes and goes within a minute is not told`() {
        var book = AlertBook(AlertThresholds())
        for step in 0..<40 {
            let now = Int64(step) * minute / 2
            #expect(book.judge(reading(waiting: step.isMultiple(of: 2) ? 90 : 10), now: now).isEmpty)
        }
    }

    @Test func `what goes on is told again after hours`() {
        var book = AlertBook(AlertThresholds())
        let told = (0..<(9 * 60)).filter { !book.judge(reading(free: 5), now: Int64($0) * minute).isEmpty }
        #expect(told == [1, 241, 481])
    }

    @Test func `few runs say nothing of a rate, and a threshold can be off`() {
        var thresholds = AlertThresholds()
        var book = AlertBook(thresholds)
        for step in 0..<3 {
            #expect(book.judge(reading(failed: 5, runs: 19), now: Int64(step) * minute).isEmpty)
        }
        thresholds.errorRate = nil
        book = AlertBook(thresholds)
        for step in 0..<3 { #expect(book.judge(reading(failed: 99), now: Int64(step) * minute).isEmpty) }
        book = AlertBook(AlertThresholds())
        _ = book.judge(reading(failed: 6), now: 0)
        #expect(book.judge(reading(failed: 6), now: minute).map(\.name) == [.errorRate])
    }

    @Test func `a mail has no line that somebody else put there`() {
        let mail = MailMessage(
            from: "diatom@example.org", to: ["ops@example.org"], subject: "a\r\nBcc: evil@example.org",
            text: "x\ny")
        let lines = String(decoding: mail.bytes(now: 0, host: "h\nX: y"), as: UTF8.self).split(
            separator: "\r\n", omittingEmptySubsequences: false)
        #expect(lines.first == "Date: Thu, 01 Jan 1970 00:00:00 +0000")
        #expect(!lines.contains { $0.hasPrefix("Bcc") || $0.hasPrefix("X:") })
        #expect(lines.suffix(4) == ["", "x", "y", ""])
    }

    @Test func `the secret part of a channel's URL is not shown`() {
        #expect(
            AlertChannel.slack("https://hooks.example/services/T/B/secret").description
                == "Slack at https://hooks.example")
    }
}
