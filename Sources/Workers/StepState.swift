internal import CJail
internal import Domain
internal import Posix

/// What a step's session remembers between events.
struct StepState: Sendable {
    struct Stream: Sendable {
        var kind: RunEvent.Output.Stream
        var fd: Int32
        var isPaused = false
    }

    var token: UInt64 = 0
    var hasStarted = false
    var streams: [UInt64: Stream] = [:]
    var foundTag: UInt64?
    var found: SharedDescriptor?
    /// Whether the one file that is wanted has come.
    var hasOnlyFile = false
    var calls: [Int: Int]?
    var report: cjail_report?
    private var room: Int
    private var taken = 0
    private var stdoutCut = false
    private var stderrCut = false

    init(room: Int) { self.room = room }

    /// Takes bytes off the output budget.
    ///
    /// - Returns: How many may be kept, whether the limit is passed, and whether it was passed just now.
    mutating func account(_ count: Int, of kind: RunEvent.Output.Stream) -> (
        kept: Int, isOver: Bool, first: Bool
    ) {
        let kept = min(count, room)
        room -= kept
        taken += kept
        guard kept < count else { return (kept, false, false) }
        let first = !stdoutCut && !stderrCut
        if kind == .stdout { stdoutCut = true } else { stderrCut = true }
        return (kept, true, first)
    }

    func outcome(_ report: cjail_report) -> StepOutcome {
        var usage = Usage()
        usage.wall = .nanoseconds(report.wall_ns)
        usage.cpu = report.cpu_ns < 0 ? nil : .nanoseconds(report.cpu_ns)
        usage.memoryPeak = report.memory_peak < 0 ? nil : ByteCount(bytes: Int(report.memory_peak))
        usage.processesPeak = report.processes_peak < 0 ? nil : Int(report.processes_peak)
        usage.output = ByteCount(bytes: taken)
        usage.systemCalls = calls.map(SystemCallNames.named)
        var reason = StepOutcome.Reason(rawValue: report.reason) ?? .engine
        // A guest can end by itself between its last byte and our kill; the limit ended it all the same.
        if reason == .own, stdoutCut || stderrCut { reason = .output }
        var outcome = StepOutcome(reason: reason, usage: usage)
        let low = report.wait_status & 0x7f
        if low == 0 { outcome.exitCode = report.wait_status >> 8 & 0xff } else { outcome.signal = low }
        outcome.oomKills = report.oom_kills
        outcome.processRefusals = report.process_refusals
        outcome.diskTotal = report.disk_total
        outcome.diskFree = report.disk_free
        outcome.inodesTotal = report.inodes_total
        outcome.inodesFree = report.inodes_free
        outcome.stdoutCut = stdoutCut
        outcome.stderrCut = stderrCut
        if report.error != 0 || !report.words.isEmpty {
            outcome.failure = "\(report.words) (errno \(report.error))"
        }
        return outcome
    }
}
