internal import Domain
internal import JSON

/// The limits of the run step, as options, as request members, and in words.
enum RunLimits {
    struct Row: Sendable {
        var name: LimitName
        var option: CommandOption
        /// What figures of this limit are called.
        var unit: String
        var set: @Sendable (inout Limits, Int) -> Void
        var get: @Sendable (Limits) -> Int
    }

    static let rows = [
        Row(
            name: .wall,
            option: option("wall-ms", "time from the first instruction, sleeps included", 30_000),
            unit: "ms", set: { $0.wall = .milliseconds($1) }, get: { Int($0.wall.inMilliseconds) }),
        Row(
            name: .cpu, option: option("cpu-ms", "computing time of all processes together", 30_000),
            unit: "ms", set: { $0.cpu = .milliseconds($1) }, get: { Int($0.cpu.inMilliseconds) }),
        Row(
            name: .memory, option: option("memory-mb", "memory of processes and files together", 512),
            unit: "MB", set: { $0.memory = .mebibytes($1) }, get: { $0.memory.wholeMebibytes }),
        Row(
            name: .processes, option: option("processes", "processes and threads at a time", 64),
            unit: "processes", set: { $0.processes = $1 }, get: { $0.processes }),
        Row(
            name: .output, option: option("output-bytes", "stdout and stderr together", 1 << 20),
            unit: "bytes", set: { $0.output = ByteCount(bytes: $1) }, get: { $0.output.bytes }),
        Row(
            name: .disk, option: option("disk-mb", "workspace and /tmp together", 64),
            unit: "MB", set: { $0.disk = .mebibytes($1) }, get: { $0.disk.wholeMebibytes }),
        Row(
            name: .files, option: option("files", "files, folders and links", 10_000),
            unit: "files", set: { $0.files = $1 }, get: { $0.files }),
        Row(
            name: .cpuPercent, option: option("cpu-percent", "share of the processors; 100 is one core", 100),
            unit: "%", set: { $0.cpuPercent = $1 }, get: { $0.cpuPercent }),
    ]

    /// `512 MB allowed, 512.0 MB measured (control group OOM kill)`.
    static func words(_ hit: LimitHit) -> String {
        let unit = rows.first { $0.name == hit.name }?.unit ?? ""
        var words = "\(whole(hit.allowed)) \(unit) allowed"
        if let measured = hit.measured {
            let figure = unit == "MB" || unit == "ms" ? oneDecimal(measured) : whole(measured)
            words += ", \(figure) \(unit) measured"
        }
        return words + " (\(hit.how.shortened(to: 200)))"
    }

    static func oneDecimal(_ number: Double) -> String {
        guard number.magnitude < 1e15 else { return "\(number)" }
        let tenths = Int64((number * 10).rounded())
        return "\(tenths < 0 ? "-" : "")\(tenths.magnitude / 10).\(tenths.magnitude % 10)"
    }

    private static func whole(_ number: Double) -> String {
        Int(exactly: number).map(String.init) ?? oneDecimal(number)
    }

    private static func option(_ name: String, _ help: String, _ value: Int) -> CommandOption {
        CommandOption(name, value: "N", "\(help) (default: \(value))")
    }
}
