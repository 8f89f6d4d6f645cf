internal import Domain
internal import Glibc
internal import Posix

extension Bench {
    /// The rows about the service, by what they are called.
    var loadRows: [([String], () -> [BenchRow])] {
        [
            (["http", "connections", "records"], serviceRows), (["crowd"], { [self.crowdRow()] }),
            (["burst"], { [self.burstRow()] }), (["fairness"], { [self.fairnessRow()] }),
            (["idle"], { [self.followersRow()] }), (["endurance"], { [self.enduranceRow()] }),
        ]
    }

    /// A service with everything on beside one that keeps nothing.
    private func serviceRows() -> [BenchRow] {
        let rows = [
            BenchRow(
                "http", "warm Python over TCP with a key, history and audit − the unix socket without",
                mustBe: "≤ 0.7 ms"),
            BenchRow(
                "connections", "runs/s over HTTP at 16 connections ÷ runs/s in process", mustBe: "≥ 0.8"),
            BenchRow(
                "records", "runs/s with history and audit ÷ without, 16 connections each", mustBe: "≥ 0.9"),
        ].filter { plan.rows.contains($0.id) }
        do throws(Unmeasured) {
            return try whole { full, key throws(Unmeasured) in
                try Self.with(self, ["--history", "no"]) { bare throws(Unmeasured) in
                    var measured: [BenchRow] = []
                    for row in rows {
                        switch row.id {
                        case "http": measured.append(try httpRow(row, full, key, bare))
                        case "records": measured.append(recordsRow(row, full, key, bare))
                        default: measured.append(try connectionsRow(row, full, key))
                        }
                    }
                    return measured
                }
            }
        } catch {
            return rows.map { row in
                var row = row
                row.unmeasured = error.reason
                return row
            }
        }
    }

    /// Lends a service with history and audit, and a key of it.
    func whole<Value>(
        _ more: [String] = [], _ body: (LoadService, _ key: String) throws(Unmeasured) -> Value
    ) throws(Unmeasured) -> Value {
        try Self.with(self, more) { service throws(Unmeasured) in
            try body(service, try service.makeKey("bench"))
        }
    }

    private static func with<Value>(
        _ bench: Bench, _ more: [String], _ body: (LoadService) throws(Unmeasured) -> Value
    ) throws(Unmeasured) -> Value {
        let service: LoadService
        do throws(BenchService.Failure) { service = try LoadService(bench, more) } catch {
            throw Unmeasured(reason: error.reason)
        }
        defer { service.stop() }
        return try body(service)
    }

    private func httpRow(
        _ row: BenchRow, _ full: LoadService, _ key: String, _ bare: LoadService
    ) throws(Unmeasured) -> BenchRow {
        let connection = try full.connect()
        let request = Self.print(1, key: key)
        let measured = measure(
            [
                Side("bare") { try Self.timedRun(bare.service.socket, Self.warmRequest) },
                Side(row.id) { try Self.timedRun(connection.client, request) },
            ], rounds: plan.rounds, dropped: plan.dropped)
        return compare(row, row.id, measured) { row, ours, bare in
            let difference = ours.median - bare.median
            row.measured =
                "\(BenchRow.short(difference)) ms (\(BenchRow.short(ours.median)) − \(BenchRow.short(bare.median)) ms)"
            row.figure("difference_ms", difference)
            row.judge(difference, atMost: 0.7)
        } ?? row
    }

    private func recordsRow(
        _ row: BenchRow, _ full: LoadService, _ key: String, _ bare: LoadService
    ) -> BenchRow {
        compareRates(
            row, atLeast: 0.9, { Self.rate(full, 16, until: $0, key: key) },
            { Self.rate(bare, 16, until: $0) })
    }

    private func connectionsRow(
        _ row: BenchRow, _ full: LoadService, _ key: String
    ) throws(Unmeasured) -> BenchRow {
        let runner: any Runner
        do throws(RequestError) {
            runner = try invocation.makeRunner(
                AloneConfiguration(
                    data: full.service.data + "/alone", allowed: plan.allowed, verbose: false, isWarm: true,
                    toolchains: invocation.toolchainFile))
        } catch { throw Unmeasured(reason: error.message) }
        _ = InProcess.rate(runner, 8, until: Monotonic.now() + 1_000_000_000)
        return compareRates(
            row, atLeast: 0.8, { Self.rate(full, 16, until: $0, key: key) },
            { InProcess.rate(runner, 16, until: $0) })
    }

    /// Runs in so many nanoseconds, or why there are none.
    struct Rate: Sendable {
        var runs = 0
        var nanoseconds: Int64 = 0
        var failure: String?
        var perSecond: Double { Double(runs) / max(Double(nanoseconds) / 1e9, 0.001) }

        mutating func add(_ other: Rate) {
            runs += other.runs
            nanoseconds += other.nanoseconds
            failure = failure ?? other.failure
        }
    }

    /// Two kinds of load by turns.
    private func compareRates(
        _ row: BenchRow, atLeast bound: Double, _ ours: (Int64) -> Rate, _ theirs: (Int64) -> Rate
    ) -> BenchRow {
        var (row, one, other) = (row, Rate(), Rate())
        for _ in 0..<plan.turns {
            one.add(ours(Monotonic.now() + plan.turn))
            other.add(theirs(Monotonic.now() + plan.turn))
        }
        row.unmeasured = one.failure ?? other.failure
        let ratio = one.perSecond / max(other.perSecond, 0.001)
        row.measured =
            "\(BenchRow.short(ratio)) (\(BenchRow.short(one.perSecond)) ÷ \(BenchRow.short(other.perSecond)) per s)"
        row.figure("runs_per_s", one.perSecond)
        row.figure("other_runs_per_s", other.perSecond)
        row.figure("ratio", ratio)
        row.judge(ratio, atLeast: bound)
        return row
    }

    private static func rate(_ service: LoadService, _ clients: Int, until end: Int64, key: String? = nil)
        -> Rate
    {
        let begun = Monotonic.now()
        let answers = Crowd.run(clients) { number in repeated(service, print(number, key: key), until: end) }
        return Rate(
            runs: answers.reduce(0) { $0 + $1.series.values.count }, nanoseconds: Monotonic.now() - begun,
            failure: answers.lazy.compactMap(\.failure).first)
    }

    /// Runs one after the other over a TCP connection of its own, until a moment.
    static func repeated(_ service: LoadService, _ request: [UInt8], until end: Int64) -> Answer {
        var answer = Answer()
        do {
            let connection = try service.connect()
            while Monotonic.now() < end {
                answer.series.add(try timedRun(connection.client, request))
            }
        } catch {
            answer.failure = (error as? Unmeasured)?.reason ?? "\(error)"
        }
        return answer
    }

    static func print(_ number: Int, key: String?) -> [UInt8] {
        BlockingClient.post(#"{"language":"python","code":"print(\#(number))"}"#, key: key)
    }
}
