internal import Domain
internal import JSON

/// A result in words.
struct RunReport {
    private let result: RunResult

    init(_ result: RunResult) { self.result = result }

    /// What follows `diatom: STATUS:`; nil where the program's own exit code says everything.
    var line: String? {
        let verdict = result.verdict
        switch verdict.status {
        case .succeeded: return nil
        case .failed: return verdict.limit.map(limit)
        case .compileFailed:
            let compile = result.compile?.verdict
            if let hit = compile?.limit { return limit(hit) }
            if let signal = compile?.signal { return "the compiler was killed by signal \(signal)" }
            return "the compiler exited with \(compile?.exitCode ?? 1)"
        case .timeExceeded, .cpuExceeded, .memoryExceeded, .outputExceeded, .diskExceeded:
            return verdict.limit.map(RunLimits.words) ?? "the kernel gave no figure"
        case .killed: return "by signal \(verdict.signal ?? 0)\(Self.name(ofSignal: verdict.signal))"
        case .refused: return "the analysis found a risk"
        case .cancelled: return "interrupted"
        case .engineFailed: return verdict.limit?.how ?? "the sandbox could not do its work"
        }
    }

    /// `exit 0, 1.9 ms wall, 1.1 ms cpu, 9.0 MB`.
    var usage: String {
        var parts: [String] = []
        if let code = result.verdict.exitCode { parts.append("exit \(code)") }
        if let wall = result.usage.wall {
            parts.append("\(RunLimits.oneDecimal(wall.inMilliseconds)) ms wall")
        }
        if let cpu = result.usage.cpu { parts.append("\(RunLimits.oneDecimal(cpu.inMilliseconds)) ms cpu") }
        if let memory = result.usage.memoryPeak {
            parts.append("\(RunLimits.oneDecimal(Double(memory.bytes) / 1_048_576)) MB")
        }
        return "\(result.verdict.status.rawValue), \(parts.joined(separator: ", "))"
    }

    var receipt: String {
        guard let receipt = result.receipt else { return "none; nothing ran" }
        return "backend \(receipt.backend), layers \(receipt.layers.joined(separator: " ")), "
            + "policy \(receipt.policy), host uid \(receipt.hostUser.rawValue), start \(receipt.start.rawValue), "
            + "memory held by \(receipt.memory), "
            + "network \(receipt.network.isNone ? "none" : receipt.network.allow.map(\.description).joined(separator: " "))"
    }

    /// One row for each call, most frequent first.
    var systemCalls: [String] {
        guard let calls = result.usage.systemCalls else { return ["profile: no figures"] }
        return calls.sorted { ($0.value, $1.key) > ($1.value, $0.key) }.map {
            "profile: \($0.value) \($0.key)"
        }
    }

    /// A limit that ended nothing but had its part, by name.
    private func limit(_ hit: LimitHit) -> String { "\(hit.name.rawValue): \(RunLimits.words(hit))" }

    private static func name(ofSignal signal: Int32?) -> String {
        switch signal {
        case 4: " (SIGILL)"
        case 6: " (SIGABRT)"
        case 7: " (SIGBUS)"
        case 8: " (SIGFPE)"
        case 9: " (SIGKILL)"
        case 11: " (SIGSEGV)"
        case 13: " (SIGPIPE)"
        case 15: " (SIGTERM)"
        case 31: " (SIGSYS)"
        default: ""
        }
    }
}
