internal import Domain

/// Compares limits with the operator's maxima, for callers that do not come through the API.
enum LimitCheck {
    static func check(_ limits: Limits, against most: LimitMaxima, field: String) throws(RequestError) {
        let rows: [(LimitName, Double, Double)] = [
            (.wall, limits.wall.inMilliseconds, most.wall.inMilliseconds),
            (.cpu, limits.cpu.inMilliseconds, most.cpu.inMilliseconds),
            (.memory, Double(limits.memory.wholeMebibytes), Double(most.memory.wholeMebibytes)),
            (.processes, Double(limits.processes), Double(most.processes)),
            (.output, Double(limits.output.bytes), Double(most.output.bytes)),
            (.disk, Double(limits.disk.wholeMebibytes), Double(most.disk.wholeMebibytes)),
            (.files, Double(limits.files), Double(most.files)),
            (.cpuPercent, Double(limits.cpuPercent), Double(most.cpuPercent)),
        ]
        for (name, asked, maximum) in rows where asked > maximum {
            throw RequestError(
                .limitTooHigh,
                "\(field).\(name.rawValue): \(Int(asked)) is above this server's maximum of \(Int(maximum))",
                field: "\(field).\(name.rawValue)")
        }
    }
}
