internal import Posix

extension Bench {
    /// 2,000 runs by two clients: how far the slowest are from the usual.
    func tailRow(_ service: BenchService) -> BenchRow {
        var row = BenchRow("tail", "p99 ÷ p50 of \(plan.tailRuns) runs at concurrency 2", mustBe: "≤ 4")
        let answers = Crowd.run(2) { [plan, socket = service.socket] _ in
            Self.repeatRuns(socket, count: plan.tailRuns / 2 + plan.dropped)
        }
        var series = Series()
        for answer in answers {
            if let failure = answer.failure { row.unmeasured = failure }
            for value in answer.series.values.dropFirst(plan.dropped) { series.add(value) }
        }
        let half = series.median
        let ratio = series.percentile(99) / max(half, 0.001)
        let parts = [half, series.percentile(99)].map(BenchRow.short)
        row.measured = "\(BenchRow.short(ratio)) (\(parts[1]) ÷ \(parts[0]) ms)"
        row.figure("p50_ms", half)
        row.figure("p99_ms", series.percentile(99))
        row.figure("ratio", ratio)
        row.judge(ratio, atMost: 4)
        return row
    }

    struct Answer: Sendable {
        var series = Series()
        var failure: String?
    }

    /// Runs one after the other over one connection, so many or until a moment.
    static func repeatRuns(_ socket: String, count: Int = .max, until end: Int64 = .max) -> Answer {
        var answer = Answer()
        guard let client = BlockingClient(path: socket) else {
            answer.failure = "nobody listens at the service's socket"
            return answer
        }
        do {
            var done = 0
            while done < count, Monotonic.now() < end {
                answer.series.add(try timedRun(client, warmRequest))
                done += 1
            }
        } catch {
            answer.failure = (error as? Unmeasured)?.reason ?? "\(error)"
        }
        return answer
    }

    private static func repeatBare(until end: Int64) -> Answer {
        var answer = Answer()
        do {
            while Monotonic.now() < end { answer.series.add(try python.run().nanoseconds) }
        } catch { answer.failure = "\(error)" }
        return answer
    }

    /// Eight drivers at a time on each side, by turns.
    func throughputRows(_ service: BenchService) -> [BenchRow] {
        var row = BenchRow(
            "throughput", "sandboxed runs/s at concurrency 8 ÷ bare starts/s, same driver",
            mustBe: "≥ 4, goal 6")
        var ours = Side8()
        var bare = Side8()
        for _ in 0..<plan.slices {
            ours.add(slice { [socket = service.socket] end in Self.repeatRuns(socket, until: end) })
            bare.add(slice { end in Self.repeatBare(until: end) })
        }
        row.unmeasured = ours.failure ?? bare.failure
        let ratio = ours.rate / max(bare.rate, 0.001)
        row.measured =
            "\(BenchRow.short(ratio)) (\(BenchRow.short(ours.rate)) ÷ \(BenchRow.short(bare.rate)) per s)"
        row.figure("runs_per_s", ours.rate)
        row.figure("bare_starts_per_s", bare.rate)
        row.figure("ratio", ratio)
        row.judge(ratio, atLeast: 4)
        return [row, saturated(ours, bare)]
    }

    private struct Side8 {
        var series = Series()
        var nanoseconds: Int64 = 0
        var failure: String?
        var rate: Double { Double(series.values.count) / max(Double(nanoseconds) / 1_000_000_000, 0.001) }

        mutating func add(_ slice: (answers: [Answer], nanoseconds: Int64)) {
            nanoseconds += slice.nanoseconds
            for answer in slice.answers {
                failure = failure ?? answer.failure
                for value in answer.series.values { series.add(value) }
            }
        }
    }

    private func slice(_ body: @escaping @Sendable (Int64) -> Answer) -> (
        answers: [Answer], nanoseconds: Int64
    ) {
        let begun = Monotonic.now()
        let end = begun + plan.slice
        let answers = Crowd.run(8) { _ in body(end) }
        return (answers, Monotonic.now() - begun)
    }

    private func saturated(_ ours: Side8, _ bare: Side8) -> BenchRow {
        var row = BenchRow("saturated", "one run's latency in that load ÷ bare's in its own", mustBe: "")
        row.hasBound = false
        row.unmeasured = ours.failure ?? bare.failure
        let ratio = ours.series.median / max(bare.series.median, 0.001)
        let parts = [ours.series.median, ours.series.percentile(99), bare.series.median].map(BenchRow.short)
        row.measured = "\(BenchRow.short(ratio)) (p50 \(parts[0]), p99 \(parts[1]) ÷ \(parts[2]) ms)"
        row.figure("p50_ms", ours.series.median)
        row.figure("p99_ms", ours.series.percentile(99))
        row.figure("bare_p50_ms", bare.series.median)
        return row
    }

    /// A hundred programs that each sleep for half a second, all sent at once.
    func sleepersRow(_ service: BenchService) -> BenchRow {
        var row = BenchRow(
            "sleepers", "100 programs at once that sleep 0.5 s, all succeed; total ÷ 0.5 s", mustBe: "≤ 1.6")
        let request = BlockingClient.post(#"{"language":"python","code":"import time; time.sleep(0.5)"}"#)
        let begun = Monotonic.now()
        let failures = Crowd.run(100) { [socket = service.socket] _ -> String? in
            guard let client = BlockingClient(path: socket) else { return "nobody listens" }
            do { _ = try Self.timedRun(client, request) } catch {
                return (error as? Unmeasured)?.reason ?? "\(error)"
            }
            return nil
        }.compactMap { $0 }
        let total = Double(Monotonic.now() - begun) / 1_000_000_000
        row.measured = "\(BenchRow.short(total / 0.5)) (\(BenchRow.short(total)) s)"
        row.figure("total_s", total)
        row.figure("failed", Double(failures.count))
        row.judge(total / 0.5, atMost: 1.6)
        if let first = failures.first {
            row.missedBy = "\(failures.count) of 100 failed"
            row.note = first.shortened(to: 200)
        }
        return row
    }
}
