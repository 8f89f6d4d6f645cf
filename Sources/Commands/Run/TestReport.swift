internal import Domain

/// The runs of a request's tests: what each printed on our own streams, under a line on stderr that says how it ended.
struct TestReport {
    private let messages: Messages

    init(_ messages: Messages) { self.messages = messages }

    func print(_ runs: [RunResult]) {
        guard !runs.isEmpty else { return }
        for (index, run) in runs.enumerated() {
            let report = RunReport(run)
            let why = report.line.map { ": \($0)" } ?? ""
            messages.complain("test \(index + 1) of \(runs.count): \(report.usage)\(why)")
            DescriptorOutput.writeAll(run.stdout, to: 1)
            DescriptorOutput.writeAll(run.stderr, to: 2)
        }
        let passed = runs.count { $0.verdict.status == .succeeded }
        messages.complain("\(passed) of \(runs.count) tests succeeded")
    }
}
