internal import Glibc
internal import Posix

extension Command {
    private static let quick = CommandOption("quick", "fewer rounds: under a minute")
    private static let rows = CommandOption(
        "rows", value: "NAME,…", "only these rows")

    static let bench = Command(
        name: "bench", summary: "measure this machine, each figure beside a bare process",
        usage: ["bench [--quick] [--rows NAME,…] [--json] [--allow NAME]…"],
        details: """
            Starts services of its own in temporary folders and stops them again. Every ratio is measured in
            one run: the rounds of all sides are interleaved, the first 20 dropped, medians compared. 'Bare'
            is /usr/bin/python3 with an empty environment, its output read to the end, without a sandbox.
            The rows are \(BenchPlan.ids.prefix(9).joined(separator: ", ")),
            \(BenchPlan.ids.dropFirst(9).prefix(10).joined(separator: ", ")),
            \(BenchPlan.ids.dropFirst(19).joined(separator: ", ")).
            All but endurance, a quarter of an hour, are measured where --rows names none.

            The exit code is 0 whatever was measured, 1 when something could not be.
            """,
        options: [quick, rows, .json, RunFlags.allow],
        examples: [
            ("diatom bench --quick", "the whole table, roughly, in under a minute"),
            ("diatom bench", "the whole table"),
            ("diatom bench --rows warm,throughput --json", "two rows for a program"),
        ],
        body: { (invocation) throws(UsageError) in
            guard invocation.parsed.operands.isEmpty else { throw UsageError("it takes no operands") }
            let plan = try BenchPlan(
                isQuick: invocation.parsed.has(quick), rows: invocation.parsed.value(rows),
                allowed: invocation.parsed.values(RunFlags.allow))
            return Bench(plan, invocation).perform(asJSON: invocation.parsed.has(.json))
        })
}

/// `diatom bench`: measures row by row and prints the table.
final class Bench {
    let plan: BenchPlan
    /// Of this program, beside which the service lies.
    let folder: String
    var report: BenchReport
    let invocation: Invocation
    private let messages: Messages

    init(_ plan: BenchPlan, _ invocation: Invocation) {
        self.plan = plan
        self.invocation = invocation
        DescriptorLimit.raise()
        folder = Process.folderOfBinary() ?? "."
        messages = Messages(environment: invocation.environment)
        let version = (try? BareStart(path: "/usr/bin/python3", arguments: ["--version"]).run().output) ?? []
        let words = String(decoding: version, as: UTF8.self).split(whereSeparator: { $0 == " " || $0 == "\n" }
        )
        report = BenchReport(
            command: (["diatom", "bench"] + invocation.words).joined(separator: " "),
            bare: "/usr/bin/python3",
            bareVersion: words.last.map(String.init) ?? "is missing")
    }

    func perform(asJSON: Bool) -> Int32 {
        do throws(BenchService.Failure) {
            let service = try BenchService(
                program: folder + "/diatom-service", allowed: plan.allowed, preload: [])
            measureAll(service)
            service.stop()
        } catch {
            messages.complain(
                "bench: the service cannot be started: \(error.reason); 'diatom doctor' says more")
            return 1
        }
        if wants("preloaded") {
            progress("preloaded")
            let row = preloadedRow()
            report.rows.insert(row, at: min(1, report.rows.count))
        }
        for (names, measure) in loadRows where !plan.rows.isDisjoint(with: names) {
            progress(names.joined(separator: ", "))
            report.rows += measure()
        }
        messages.print(asJSON ? String(decoding: report.json(), as: UTF8.self) : report.text())
        return report.isComplete ? 0 : 1
    }

    private func measureAll(_ service: BenchService) {
        if !plan.rows.isDisjoint(with: ["warm", "command", "alone", "bwrap"]) {
            progress("warm, command, alone, bwrap")
            report.rows += idleRows(service)
        }
        if !plan.rows.isDisjoint(with: ["compiled", "tests"]) {
            progress("compiled, tests")
            report.rows += compileRows(service)
        }
        let others: [(String, () -> [BenchRow])] = [
            ("tail", { [self.tailRow(service)] }), ("throughput", { self.throughputRows(service) }),
            ("fresh", { [self.freshRow(service)] }), ("memory", { self.memoryRows(service) }),
            ("sql", { [self.sqlRow(service)] }),
            ("javascript", { [self.javascriptRow(service)] }),
            ("typescript", { [self.typescriptRow(service)] }),
            ("node-memory", { [self.nodeMemoryRow(service)] }), ("growth", { [self.growthRow(service)] }),
            ("sleepers", { [self.sleepersRow(service)] }),
        ]
        for (name, measure) in others where wants(name) {
            progress(name)
            report.rows += measure()
        }
        if !plan.rows.isDisjoint(with: ["environment", "libraries"]) {
            progress("environment, libraries")
            report.rows += libraryRows(service)
        }
    }

    private func wants(_ row: String) -> Bool { plan.rows.contains(row) }

    /// Only for somebody who watches.
    private func progress(_ what: String) {
        guard isatty(2) == 1 else { return }
        messages.complain("bench: measuring \(what)")
    }
}
