internal import Domain
internal import Workers

/// What is known of how a cell ended, and the verdict that follows.
struct CellFacts {
    var end: CellRun.End
    var why: CellGuardian.Why?
    var before: SessionMeasure?
    var after: SessionMeasure?
    var limits: Limits
    var disk: (used: UInt64, all: UInt64)?

    private static let mebibyte = Double(1 << 20)

    func conclude(_ result: inout CellResult, _ request: CellRequest) {
        if case .finished(_, _, let count) = end { result.executionCount = count }
        result.verdict = verdict(result, request)
        if case .died(let end) = end {
            result.verdict.exitCode = end.exitCode
            result.verdict.signal = end.signal
            result.failure = end.sessionEnded ? "the session ended under the cell" : Self.words(of: end)
        }
    }

    private static func words(of end: ProcessEnd) -> String {
        if let signal = end.signal {
            return "the context was ended by signal \(signal); a new one takes its place"
        }
        return "the context ended with exit code \(end.exitCode ?? 0); a new one takes its place"
    }

    private func verdict(_ result: CellResult, _ request: CellRequest) -> Verdict {
        if let stopped = stopped(result, request) { return stopped }
        let isKilled = (after?.oomKills ?? 0) > (before?.oomKills ?? 0)
        switch end {
        case .finished(let succeeded, let exitCode, _):
            if succeeded { return Verdict(status: .succeeded, exitCode: exitCode) }
            if isKilled { return memory }
            if let disk, disk.all > 0, disk.all - min(disk.all, disk.used) < 4096 {
                let hit = LimitHit(
                    name: .disk, allowed: Double(limits.disk.bytes) / Self.mebibyte,
                    measured: Double(disk.used) / Self.mebibyte, how: "workspace full at the end")
                return Verdict(status: .diskExceeded, exitCode: exitCode, limit: hit)
            }
            return Verdict(status: .failed, exitCode: exitCode, limit: processes)
        case .died(let end):
            if end.sessionEnded { return Verdict(status: .engineFailed) }
            if isKilled { return memory }
            return Verdict(status: end.signal == nil ? .failed : .killed, limit: processes)
        }
    }

    private func stopped(_ result: CellResult, _ request: CellRequest) -> Verdict? {
        switch why {
        case nil: return nil
        case .cancelled: return Verdict(status: .cancelled)
        case .timeExceeded:
            return Verdict(
                status: .timeExceeded,
                limit: LimitHit(
                    name: .wall, allowed: request.wall.inMilliseconds,
                    measured: result.usage.wall?.inMilliseconds,
                    how: "timer outside the sandbox, monotonic clock"))
        case .cpuExceeded:
            return Verdict(
                status: .cpuExceeded,
                limit: LimitHit(
                    name: .cpu, allowed: request.cpu.inMilliseconds,
                    measured: result.usage.cpu?.inMilliseconds,
                    how: "control group CPU accounting, of the whole session, every 200 ms"))
        case .outputExceeded:
            return Verdict(
                status: .outputExceeded,
                limit: LimitHit(
                    name: .output, allowed: Double(request.output.bytes),
                    measured: Double(result.usage.output.bytes), how: "counted while read"))
        }
    }

    private var memory: Verdict {
        Verdict(
            status: .memoryExceeded,
            limit: LimitHit(
                name: .memory, allowed: Double(limits.memory.bytes) / Self.mebibyte,
                measured: after?.memoryPeak.map { Double($0.bytes) / Self.mebibyte },
                how: "control group OOM kill"))
    }

    private var processes: LimitHit? {
        guard (after?.processRefusals ?? 0) > (before?.processRefusals ?? 0) else { return nil }
        return LimitHit(
            name: .processes, allowed: Double(limits.processes),
            measured: after?.processesPeak.map(Double.init),
            how: "control group refused a fork")
    }
}
