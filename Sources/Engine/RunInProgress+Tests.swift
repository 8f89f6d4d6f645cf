internal import Domain
internal import Glibc
internal import Workers

extension RunInProgress {
    private typealias Ending = Result<RunResult, RequestError>

    /// Runs every test in a sandbox of its own, some at a time, and sums them up.
    ///
    /// - Throws: ``RequestError`` where no test ran at all.
    mutating func runTests(_ files: [SourceFile], over link: JailerLink) async throws(RequestError) {
        let runs = request.tests.map { child(for: $0) }
        let endings = await perform(runs, files, over: link)
        if endings.allSatisfy({ if case .failure? = $0 { true } else { false } }),
            case .failure(let error)? = endings.first
        {
            throw error
        }
        let results = zip(runs, endings).map { run, ending in run.result(of: ending) }
        for result in results { await emit(.tested(result)) }
        let summary = TestSummary(results)
        fold.result.receipt = summary.receipt ?? fold.result.receipt
        fold.result.queued = results.first?.queued ?? .zero
        fold.result.error = summary.error
        fold.result.failure = summary.failure
        var finished = RunEvent.Finished(verdict: summary.verdict, usage: summary.usage)
        finished.network = summary.network
        await emit(.finished(finished))
    }

    /// A run of the same program with what the test says; nobody observes it alone.
    private func child(for test: TestCase) -> RunInProgress {
        var child = self
        child.observer = nil
        child.plan.request.tests = []
        if let stdin = test.stdin { child.plan.request.stdin = .bytes(stdin) }
        if let args = test.args { child.plan.request.args = args }
        child.fold.result.compile = nil
        return child
    }

    private var parallelTests: Int {
        let processors = Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        return max(1, configuration.parallelTests ?? min(processors, 16))
    }

    /// - Returns: How each ended; nil for those that a cancellation kept from beginning.
    private func perform(
        _ runs: [RunInProgress], _ files: [SourceFile], over link: JailerLink
    ) async -> [Ending?] {
        await withTaskGroup(of: (Int, Ending).self) { group in
            var endings = [Ending?](repeating: nil, count: runs.count)
            var begun = 0
            func beginNext() {
                guard begun < runs.count, !Task.isCancelled else { return }
                let (index, run) = (begun, runs[begun])
                begun += 1
                group.addTask { (index, await run.ending(files, over: link)) }
            }
            for _ in 0..<parallelTests { beginNext() }
            var budget = TestBudget(configuration)
            while let (index, ending) = await group.next() {
                endings[index] = ending.map { budget.charge($0) }
                beginNext()
            }
            return endings
        }
    }

    private func ending(_ files: [SourceFile], over link: JailerLink) async -> Ending {
        var run = self
        do throws(RequestError) {
            return .success(try await run.runProgram(files, over: link))
        } catch {
            return .failure(error)
        }
    }

    private func result(of ending: Ending?) -> RunResult {
        var result = fold.result
        switch ending {
        case .success(let ended): return ended
        case .failure(let error):
            result.verdict = Verdict(status: .engineFailed)
            result.failure = error.message
        case nil: result.verdict = Verdict(status: .cancelled)
        }
        return result
    }
}

/// What several runs come to together: the first that did not succeed decides.
struct TestSummary {
    var verdict = Verdict(status: .succeeded, exitCode: 0)
    var usage = Usage()
    var error: GuestError?
    var failure: String?
    var receipt: Receipt?
    var network: NetworkUse?

    init(_ results: [RunResult]) {
        if let first = results.first(where: { $0.verdict.status != .succeeded }) {
            verdict = first.verdict
            error = first.error
            failure = first.failure
        }
        receipt = results.lazy.compactMap(\.receipt).first
        for result in results {
            add(result.usage)
            if let use = result.network {
                if network == nil { network = NetworkUse() }
                network?.add(use)
            }
        }
    }

    /// Times and bytes add up, peaks do not: every run has a sandbox of its own.
    private mutating func add(_ other: Usage) {
        usage.wall = Self.sum(usage.wall, other.wall)
        usage.cpu = Self.sum(usage.cpu, other.cpu)
        if let peak = other.memoryPeak { usage.memoryPeak = max(usage.memoryPeak ?? peak, peak) }
        if let peak = other.processesPeak { usage.processesPeak = max(usage.processesPeak ?? peak, peak) }
        usage.output.bytes += other.output.bytes
        if let calls = other.systemCalls {
            usage.systemCalls = (usage.systemCalls ?? [:]).merging(calls, uniquingKeysWith: +)
        }
    }

    private static func sum(_ one: Duration?, _ other: Duration?) -> Duration? {
        guard let one, let other else { return one ?? other }
        return one + other
    }
}

/// What the results of all tests of a request may take together, charged as they end.
struct TestBudget {
    private var output: Int
    private var files: Int
    private var results: Int

    init(_ configuration: EngineConfiguration) {
        output = configuration.mostTestOutput.bytes
        files = configuration.mostCollectedBytes
        results = configuration.mostCollectedBytes
    }

    /// The result, without what is beyond the budget; it says what it lacks.
    mutating func charge(_ result: RunResult) -> RunResult {
        var result = result
        if cut(&result.stdout) { result.stdoutCut = true }
        if cut(&result.stderr) { result.stderrCut = true }
        results -= result.results.reduce(0) { $1.forms.reduce($0) { $0 + $1.json.count } }
        if results < 0 { result.results = [] }
        let given = result.files
        result.files = []
        for file in given {
            guard file.content.count <= files else {
                result.filesLeftOut += 1
                result.filesLeftOutReason = "the files of all tests together are too large"
                continue
            }
            files -= file.content.count
            result.files.append(file)
        }
        return result
    }

    private mutating func cut(_ text: inout [UInt8]) -> Bool {
        let surplus = text.count - output
        if surplus > 0 { text.removeLast(surplus) }
        output -= text.count
        return surplus > 0
    }
}
