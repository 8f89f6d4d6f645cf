package import Domain

/// Makes a verdict of the facts of a step's end.
///
/// Pure.
package enum VerdictRules {
    package static func verdict(_ outcome: StepOutcome, limits: Limits) -> Verdict {
        let code = outcome.exitCode
        let signal = outcome.signal
        switch outcome.reason {
        case .wall:
            let hit = LimitHit(
                name: .wall, allowed: limits.wall.inMilliseconds,
                measured: outcome.usage.wall?.inMilliseconds,
                how: "timer outside the sandbox, monotonic clock")
            return Verdict(status: .timeExceeded, exitCode: code, signal: signal, limit: hit)
        case .cpu:
            let hit = LimitHit(
                name: .cpu, allowed: limits.cpu.inMilliseconds, measured: outcome.usage.cpu?.inMilliseconds,
                how: outcome.sampled ? "sampled by init every 5 ms" : "control group CPU accounting")
            return Verdict(status: .cpuExceeded, exitCode: code, signal: signal, limit: hit)
        case .memory:
            return Verdict(
                status: .memoryExceeded, exitCode: code, signal: signal, limit: memory(outcome, limits))
        case .output:
            let hit = LimitHit(
                name: .output, allowed: Double(limits.output.bytes),
                measured: Double(outcome.usage.output.bytes),
                how: "counted while read")
            return Verdict(status: .outputExceeded, exitCode: code, signal: signal, limit: hit)
        case .cancelled: return Verdict(status: .cancelled, exitCode: code, signal: signal)
        case .engine: return Verdict(status: .engineFailed, exitCode: nil, signal: nil)
        case .hostMemory:
            return Verdict(
                status: .engineFailed, exitCode: nil, signal: nil,
                limit: memory(outcome, limits, how: "host memory"))
        case .own: return own(outcome, limits)
        }
    }

    private static func own(_ outcome: StepOutcome, _ limits: Limits) -> Verdict {
        let failed = outcome.exitCode != 0 || outcome.signal != nil
        if failed, let hit = disk(outcome, limits) {
            return Verdict(
                status: .diskExceeded, exitCode: outcome.exitCode, signal: outcome.signal, limit: hit)
        }
        let hit = processes(outcome, limits) ?? files(outcome, limits)
        if let signal = outcome.signal { return Verdict(status: .killed, signal: signal, limit: hit) }
        return Verdict(status: failed ? .failed : .succeeded, exitCode: outcome.exitCode, limit: hit)
    }

    private static func memory(
        _ outcome: StepOutcome, _ limits: Limits, how: String? = nil
    ) -> LimitHit {
        let mebibyte = Double(1 << 20)
        return LimitHit(
            name: .memory, allowed: Double(limits.memory.bytes) / mebibyte,
            measured: outcome.usage.memoryPeak.map { Double($0.bytes) / mebibyte },
            how: how
                ?? (outcome.sampled
                    ? "sampled by init every 5 ms; may be overshot by 64 MB" : "control group OOM kill"))
    }

    /// The workspace counts as full when not a page was left at the end.
    private static func disk(_ outcome: StepOutcome, _ limits: Limits) -> LimitHit? {
        guard outcome.diskTotal > 0, outcome.diskFree < 4096 else { return nil }
        let mebibyte = Double(1 << 20)
        return LimitHit(
            name: .disk, allowed: Double(limits.disk.bytes) / mebibyte,
            measured: Double(outcome.diskTotal - outcome.diskFree) / mebibyte,
            how: "workspace full at the end")
    }

    private static func files(_ outcome: StepOutcome, _ limits: Limits) -> LimitHit? {
        guard outcome.inodesTotal > 0, outcome.inodesFree == 0 else { return nil }
        return LimitHit(
            name: .files, allowed: Double(limits.files), measured: Double(limits.files),
            how: "workspace had no inode left at the end")
    }

    private static func processes(_ outcome: StepOutcome, _ limits: Limits) -> LimitHit? {
        guard outcome.processRefusals > 0 else { return nil }
        return LimitHit(
            name: .processes, allowed: Double(limits.processes),
            measured: outcome.usage.processesPeak.map(Double.init), how: "control group refused a fork")
    }
}
