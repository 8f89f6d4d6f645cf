internal import Domain
internal import Testing
internal import Workers

/// The facts of an end, and the verdict that must come of them.
struct VerdictCase: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var facts: @Sendable (inout StepOutcome) -> Void
    var reason = StepOutcome.Reason.own
    var status: RunStatus
    var exit: Int32?
    var signal: Int32?
    var limit: LimitHit?
}

struct VerdictRulesTests {
    private static let limits: Limits = {
        var limits = Limits(.run)
        limits.wall = .milliseconds(1500)
        limits.cpu = .milliseconds(700)
        limits.memory = .mebibytes(64)
        limits.disk = .mebibytes(8)
        limits.output = ByteCount(bytes: 1000)
        limits.processes = 5
        limits.files = 30
        return limits
    }()

    private static func full(_ outcome: inout StepOutcome) {
        outcome.diskTotal = 8 << 20
        outcome.diskFree = 4095
    }

    private static func noInode(_ outcome: inout StepOutcome) {
        outcome.inodesTotal = 34
        outcome.inodesFree = 0
    }

    private static let disk = LimitHit(
        name: .disk, allowed: 8, measured: Double((8 << 20) - 4095) / Double(1 << 20),
        how: "workspace full at the end")
    private static let files = LimitHit(
        name: .files, allowed: 30, measured: 30, how: "workspace had no inode left at the end")

    static let ends: [VerdictCase] = [
        VerdictCase(testDescription: "exit 0", facts: { $0.exitCode = 0 }, status: .succeeded, exit: 0),
        VerdictCase(testDescription: "exit 3", facts: { $0.exitCode = 3 }, status: .failed, exit: 3),
        VerdictCase(testDescription: "exit 255", facts: { $0.exitCode = 255 }, status: .failed, exit: 255),
        VerdictCase(
            testDescription: "a signal that no limit sent", facts: { $0.signal = 11 }, status: .killed,
            signal: 11),
        VerdictCase(
            testDescription: "SIGKILL of its own is no memory limit", facts: { $0.signal = 9 },
            status: .killed, signal: 9),
        VerdictCase(
            testDescription: "wall time",
            facts: {
                $0.signal = 9
                $0.usage.wall = .milliseconds(1501)
            }, reason: .wall, status: .timeExceeded, signal: 9,
            limit: LimitHit(
                name: .wall, allowed: 1500, measured: 1501, how: "timer outside the sandbox, monotonic clock")
        ),
        VerdictCase(
            testDescription: "processor time",
            facts: {
                $0.signal = 9
                $0.usage.cpu = .milliseconds(702)
            }, reason: .cpu, status: .cpuExceeded, signal: 9,
            limit: LimitHit(name: .cpu, allowed: 700, measured: 702, how: "control group CPU accounting")),
        VerdictCase(
            testDescription: "processor time, sampled, without a figure",
            facts: {
                $0.signal = 9
                $0.sampled = true
            }, reason: .cpu, status: .cpuExceeded, signal: 9,
            limit: LimitHit(name: .cpu, allowed: 700, measured: nil, how: "sampled by init every 5 ms")),
        VerdictCase(
            testDescription: "memory",
            facts: {
                $0.signal = 9
                $0.usage.memoryPeak = .mebibytes(64)
            }, reason: .memory, status: .memoryExceeded, signal: 9,
            limit: LimitHit(name: .memory, allowed: 64, measured: 64, how: "control group OOM kill")),
        VerdictCase(
            testDescription: "memory, although the program itself ended well",
            facts: {
                $0.exitCode = 0
                $0.oomKills = 1
            }, reason: .memory, status: .memoryExceeded, exit: 0,
            limit: LimitHit(name: .memory, allowed: 64, measured: nil, how: "control group OOM kill")),
        VerdictCase(
            testDescription: "memory, sampled",
            facts: {
                $0.signal = 9
                $0.sampled = true
                $0.usage.memoryPeak = .mebibytes(80)
            }, reason: .memory, status: .memoryExceeded, signal: 9,
            limit: LimitHit(
                name: .memory, allowed: 64, measured: 80,
                how: "sampled by init every 5 ms; may be overshot by 64 MB")),
        VerdictCase(
            testDescription: "output",
            facts: {
                $0.signal = 9
                $0.stdoutCut = true
                $0.usage.output = ByteCount(bytes: 1000)
            }, reason: .output, status: .outputExceeded, signal: 9,
            limit: LimitHit(name: .output, allowed: 1000, measured: 1000, how: "counted while read")),
        VerdictCase(
            testDescription: "a failure in a full workspace",
            facts: {
                $0.exitCode = 1; full(&$0)
            }, status: .diskExceeded,
            exit: 1, limit: disk),
        VerdictCase(
            testDescription: "a signal in a full workspace",
            facts: {
                $0.signal = 7; full(&$0)
            }, status: .diskExceeded,
            signal: 7, limit: disk),
        VerdictCase(
            testDescription: "a success in a full workspace",
            facts: {
                $0.exitCode = 0; full(&$0)
            }, status: .succeeded,
            exit: 0),
        VerdictCase(
            testDescription: "a failure with one page left",
            facts: {
                $0.exitCode = 1
                $0.diskTotal = 8 << 20
                $0.diskFree = 4096
            }, status: .failed, exit: 1),
        VerdictCase(
            testDescription: "no inode left, and a failure",
            facts: {
                $0.exitCode = 1; noInode(&$0)
            }, status: .failed, exit: 1,
            limit: files),
        VerdictCase(
            testDescription: "no inode left, and a success",
            facts: {
                $0.exitCode = 0; noInode(&$0)
            }, status: .succeeded,
            exit: 0, limit: files),
        VerdictCase(
            testDescription: "refused forks, and a success",
            facts: {
                $0.exitCode = 0
                $0.processRefusals = 2
                $0.usage.processesPeak = 5
            }, status: .succeeded, exit: 0,
            limit: LimitHit(name: .processes, allowed: 5, measured: 5, how: "control group refused a fork")),
        VerdictCase(
            testDescription: "refused forks come before missing inodes",
            facts: {
                $0.signal = 6
                $0.processRefusals = 1
                noInode(&$0)
            }, status: .killed, signal: 6,
            limit: LimitHit(name: .processes, allowed: 5, measured: nil, how: "control group refused a fork")),
        VerdictCase(
            testDescription: "a full workspace comes before refused forks",
            facts: {
                $0.exitCode = 1
                $0.processRefusals = 1
                full(&$0)
            }, status: .diskExceeded, exit: 1, limit: disk),
        VerdictCase(
            testDescription: "cancelled", facts: { $0.signal = 9 }, reason: .cancelled, status: .cancelled,
            signal: 9),
        VerdictCase(
            testDescription: "the engine's own failure says nothing of the guest",
            facts: {
                $0.exitCode = 0
                $0.signal = 9
            }, reason: .engine, status: .engineFailed),
    ]

    @Test(arguments: ends)
    func `an end has the verdict of the contract`(_ row: VerdictCase) {
        var outcome = StepOutcome(reason: row.reason, usage: Usage())
        row.facts(&outcome)
        let verdict = VerdictRules.verdict(outcome, limits: Self.limits)
        #expect(
            verdict == Verdict(status: row.status, exitCode: row.exit, signal: row.signal, limit: row.limit))
    }

    /// `refused` is analysis's word and `compile_failed` the engine's, which makes it of a compile step's end.
    @Test func `the table has every status that an end can have, and every limit that can be hit`() {
        let others: Set<RunStatus> = [.refused, .compileFailed]
        #expect(Set(Self.ends.map(\.status)) == Set(RunStatus.allCases).subtracting(others))
        // The processor share slows a program down and ends nothing.
        #expect(
            Set(Self.ends.compactMap { $0.limit?.name }) == Set(LimitName.allCases).subtracting([.cpuPercent])
        )
    }
}
