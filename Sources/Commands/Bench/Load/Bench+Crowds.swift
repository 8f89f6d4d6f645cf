internal import Domain
internal import Glibc
internal import JSON
internal import Posix

/// Many clients at once: how evenly they are answered, and whether each is.
extension Bench {
    func crowdRow() -> BenchRow {
        let clients = 100
        var row = BenchRow(
            "crowd", "\(clients) clients at once, \(plan.crowdSeconds) s, no error; p99 ÷ p50", mustBe: "≤ 6")
        do throws(Unmeasured) {
            let answers = try whole { [plan] service, key in
                let end = Monotonic.now() + plan.crowdSeconds * 1_000_000_000
                return Crowd.run(clients) { Self.repeated(service, Self.print($0, key: key), until: end) }
            }
            let series = Series(answers.flatMap(\.series.values))
            let failures = answers.compactMap(\.failure)
            let ratio = series.percentile(99) / max(series.median, 0.001)
            let parts = [series.percentile(99), series.median].map(BenchRow.short)
            row.measured = "\(BenchRow.short(ratio)) (\(parts[0]) ÷ \(parts[1]) ms)"
            row.figure("runs", Double(series.values.count))
            row.figure("errors", Double(failures.count))
            row.figure("ratio", ratio)
            row.judge(ratio, atMost: 6)
            row.note = "\(series.values.count) runs"
            if let first = failures.first { row.missedBy = "\(failures.count) clients failed: \(first)" }
        } catch { row.unmeasured = error.reason }
        return row
    }

    /// Requests that are all there before the first is answered.
    func burstRow() -> BenchRow {
        var row = BenchRow(
            "burst",
            "\(plan.burst) runs at once, a queue of \(plan.burst / 4): each 200 or 429; lost or doubled",
            mustBe: "0")
        do throws(Unmeasured) {
            try whole(["--queue", "\(plan.burst / 4)", "--runs", "\(plan.burst / 20)"]) {
                service, key throws(Unmeasured) in
                let kept = try service.runsKept()
                var connections: [LoadClient] = []
                for _ in 0..<plan.burst { connections.append(try service.connect()) }
                let tally = Self.burst(connections, key)
                let doubled = try service.runsKept() - kept - tally.ran
                row.measured =
                    "\(tally.lost + abs(doubled)) (\(tally.ran) ran, \(tally.turnedAway) were told when to come again)"
                row.figure("ran", Double(tally.ran))
                row.figure("turned_away", Double(tally.turnedAway))
                row.figure("lost", Double(tally.lost))
                row.figure("doubled", Double(doubled))
                row.judge(Double(tally.lost + abs(doubled)), atMost: 0)
                if tally.turnedAway == 0 { row.unmeasured = "the queue was never full" }
                row.note = tally.first
            }
        } catch { row.unmeasured = error.reason }
        return row
    }

    private struct Tally {
        var ran = 0
        var turnedAway = 0
        var lost = 0
        /// What was neither.
        var first: String?
    }

    private static func burst(_ connections: [LoadClient], _ key: String) -> Tally {
        let asked = connections.enumerated().map { number, connection in
            (try? connection.client.ask(print(number, key: key))) != nil
        }
        var tally = Tally()
        for (number, connection) in connections.enumerated() {
            let answer = asked[number] ? try? connection.client.answer() : nil
            if answer?.status == 200, let body = answer?.body, stdout(body) == "\(number)\n" {
                tally.ran += 1
            } else if answer?.status == 429, answer?.retryAfter ?? 0 >= 1 {
                tally.turnedAway += 1
            } else {
                tally.lost += 1
                tally.first =
                    answer.map { String(decoding: $0.body.prefix(200), as: UTF8.self) } ?? "no answer"
            }
        }
        return tally
    }

    private static func stdout(_ body: [UInt8]) -> String? {
        guard let value = try? JSONParser.parse(body), case .object(let object) = value,
            case .string(let text) = object["stdout"]
        else { return nil }
        return text
    }

    /// One key's client with one run at a time, alone and beside another key that floods.
    func fairnessRow() -> BenchRow {
        var row = BenchRow(
            "fairness", "p50 of a key's runs while another floods with 50 clients ÷ its p50 alone",
            mustBe: "≤ 3"
        )
        do throws(Unmeasured) {
            let (alone, beside) = try whole { [plan] service, key throws(Unmeasured) in
                let other = try service.makeKey("flood")
                let span = plan.fairnessSeconds * 1_000_000_000
                let alone = Self.repeated(
                    service, Self.print(1, key: key), until: Monotonic.now() + span / 2)
                let end = Monotonic.now() + span
                let answers = Crowd.run(51) { number -> (isOurs: Bool, answer: Answer) in
                    let isOurs = number == 50
                    let request = Self.print(number, key: isOurs ? key : other)
                    return (isOurs, Self.repeated(service, request, until: end))
                }
                if let failure = answers.lazy.compactMap(\.answer.failure).first ?? alone.failure {
                    throw Unmeasured(reason: failure)
                }
                return (alone.series, answers.first { $0.isOurs }?.answer.series ?? Series())
            }
            row.figure("alone_ms", alone.median)
            row.figure("beside_ms", beside.median)
            row.note = "alone \(BenchRow.short(alone.median)) ms"
            ratio(&row, beside, alone, atMost: 3)
        } catch { row.unmeasured = error.reason }
        return row
    }
}
