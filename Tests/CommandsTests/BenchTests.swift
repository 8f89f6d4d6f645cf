@testable import Commands
import Glibc
import JSON
import Testing

struct BenchTests {
    @Test func `percentiles are by nearest rank, in milliseconds`() {
        let series = Series((1...100).map { Int64($0) * 1_000_000 })
        #expect(series.median == 50)
        #expect(series.percentile(99) == 99)
        #expect(series.percentile(100) == 100)
        #expect(Series().median == 0)
        #expect(Series([7_000_000]).percentile(1) == 7)
    }

    @Test func `a bound is met or missed by so much`() {
        var row = BenchRow("warm", "w", mustBe: "≤ 0.25")
        row.judge(0.2, atMost: 0.25)
        #expect(row.verdict == "met")
        row.judge(0.5, atMost: 0.25)
        #expect(row.verdict == "missed: 2 × the bound")
        var rate = BenchRow("throughput", "t", mustBe: "≥ 4")
        rate.judge(3, atLeast: 4)
        #expect(rate.verdict == "missed: 3 of 4")
        rate.unmeasured = "nobody listens"
        #expect(rate.verdict == "NOT MEASURED")
    }

    @Test(arguments: [(0.1234567, "0.123"), (12.34, "12.3"), (1234.5, "1235"), (3.0, "3"), (-2.5, "-2.5")])
    func `numbers are as long as a table needs`(_ value: Double, _ text: String) {
        #expect(BenchRow.short(value) == text)
    }

    @Test func `rows are chosen by name, an unknown one is wrong usage`() throws {
        #expect(try BenchPlan(isQuick: true, rows: "warm,growth", allowed: []).rows == ["warm", "growth"])
        let all = try BenchPlan(isQuick: false, rows: nil, allowed: []).rows
        #expect(all.union(BenchPlan.onDemand) == Set(BenchPlan.ids))
        #expect(all.isDisjoint(with: BenchPlan.onDemand))
        #expect(throws: UsageError.self) { try BenchPlan(isQuick: true, rows: "warm,nope", allowed: []) }
        #expect(
            Commands.main(
                arguments: ["bench", "--rows", "nope"], environment: [:],
                makeRunner: { _ in fatalError("nothing may run") }) == 2)
    }

    @Test func `a bare start is read to the end and has an empty environment`() throws {
        let many = BareStart(path: "/bin/sh", arguments: ["-c", "head -c 300000 /dev/zero; echo err >&2"])
        #expect(try many.run().output.count == 300_004)
        let environment = try BareStart(path: "/usr/bin/env", arguments: []).run()
        #expect(environment.output.isEmpty && environment.nanoseconds > 0)
        #expect(throws: BareStart.Failure.exit(status: 3 << 8)) {
            try BareStart(path: "/bin/sh", arguments: ["-c", "exit 3"]).run()
        }
        #expect(throws: BareStart.Failure.self) { try BareStart(path: "/nonexistent", arguments: []).run() }
    }

    @Test func `a crowd gives back what each of it did`() {
        #expect(Crowd.run(16) { $0 * 2 }.sorted() == (0..<16).map { $0 * 2 })
    }

    @Test func `a tree of processes begins at its root`() {
        let tree = ServiceTree(root: getpid())
        #expect(tree.members.contains { $0.pid == getpid() })
        #expect(!tree.members.contains { $0.pid == getppid() })
        #expect((ServiceTree.privateKilobytes(of: getpid()) ?? 0) > 0)
    }

    @Test func `the report says on what it was measured`() throws {
        var report = BenchReport(
            command: "diatom bench", bare: "/usr/bin/python3", bareVersion: "3.11.2", bareMedian: 9.1)
        var row = BenchRow("warm", "warm run", mustBe: "≤ 0.25")
        row.measured = "0.2"
        report.rows = [row]
        #expect(report.text().contains("/usr/bin/python3 3.11.2, median 9.1 ms"))
        #expect(report.isComplete)
        report.rows[0].unmeasured = "why"
        #expect(!report.isComplete)
        _ = try JSONParser.parse(report.json())
    }
}
