internal import Domain

/// Reads `limits` and `compile_limits` against the operator's maxima.
struct LimitsReader {
    let maxima: LimitMaxima

    /// The limits of a step; what the request leaves out has its default, or the maximum if that is lower.
    func read(_ request: ObjectReader, _ name: String, step: Limits.Step) throws(RequestError) -> Limits {
        var limits = defaults(step)
        guard let value = request[name] else { return limits }
        let reader = try ObjectReader(value, path: name, known: LimitName.allCases.map(\.rawValue))
        for limit in LimitName.allCases {
            guard let count = try reader.count(limit.rawValue, from: lowest(limit), through: highest(limit))
            else {
                continue
            }
            set(limit, to: count, in: &limits)
        }
        return limits
    }

    private func defaults(_ step: Limits.Step) -> Limits {
        var limits = Limits(step)
        limits.wall = min(limits.wall, maxima.wall)
        limits.cpu = min(limits.cpu, maxima.cpu)
        limits.memory = min(limits.memory, maxima.memory)
        limits.processes = min(limits.processes, maxima.processes)
        limits.output = min(limits.output, maxima.output)
        limits.disk = min(limits.disk, maxima.disk)
        limits.files = min(limits.files, maxima.files)
        limits.cpuPercent = min(limits.cpuPercent, maxima.cpuPercent)
        return limits
    }

    private func lowest(_ limit: LimitName) -> Int {
        switch limit {
        case .wall, .cpu, .processes, .disk, .cpuPercent: 1
        case .memory, .files: 16
        case .output: 0
        }
    }

    private func highest(_ limit: LimitName) -> Int {
        switch limit {
        case .wall: Int(maxima.wall.inNanoseconds / 1_000_000)
        case .cpu: Int(maxima.cpu.inNanoseconds / 1_000_000)
        case .memory: maxima.memory.wholeMebibytes
        case .processes: maxima.processes
        case .output: maxima.output.bytes
        case .disk: maxima.disk.wholeMebibytes
        case .files: maxima.files
        case .cpuPercent: maxima.cpuPercent
        }
    }

    private func set(_ limit: LimitName, to count: Int, in limits: inout Limits) {
        switch limit {
        case .wall: limits.wall = .milliseconds(count)
        case .cpu: limits.cpu = .milliseconds(count)
        case .memory: limits.memory = .mebibytes(count)
        case .processes: limits.processes = count
        case .output: limits.output = ByteCount(bytes: count)
        case .disk: limits.disk = .mebibytes(count)
        case .files: limits.files = count
        case .cpuPercent: limits.cpuPercent = count
        }
    }
}
