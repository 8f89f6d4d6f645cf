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

    /// Compares a request with what its key may use.
    ///
    /// `language`: Id of the pack that was found.
    static func check(_ request: RunRequest, language: String) throws(RequestError) {
        let key = request.allowance
        try check(request.limits, "limits", key)
        try check(request.compileLimits, "compile_limits", key)
        if let languages = key.languages, !languages.contains(language) {
            throw RequestError(
                .unknownLanguage, "language: this key may run \(languages.joined(separator: ", ")) only",
                field: "language")
        }
        try check(request.network, key)
    }

    /// The same of a session.
    static func check(_ request: SessionRequest) throws(RequestError) {
        try check(request.limits, "limits", request.allowance)
        try check(request.network, request.allowance)
    }

    private static func check(
        _ limits: Limits, _ field: String, _ key: KeyAllowance
    ) throws(RequestError) {
        if let most = key.memory, limits.memory > most {
            throw tooHigh("\(field).memory_mb", "\(limits.memory.wholeMebibytes)", "\(most.wholeMebibytes)")
        }
        if let most = key.wall, limits.wall > most {
            throw tooHigh(
                "\(field).wall_ms", "\(Int(limits.wall.inMilliseconds))", "\(Int(most.inMilliseconds))")
        }
    }

    private static func check(_ network: NetworkPolicy, _ key: KeyAllowance) throws(RequestError) {
        guard !key.allowsNetwork, network != .none else { return }
        throw RequestError(.networkUnavailable, "network: this key may use none", field: "network")
    }

    /// Lowers what a request left at its default to what its key may use.
    static func bounded(_ request: RunRequest) -> RunRequest {
        var request = request
        lower(&request.limits, for: request.allowance)
        lower(&request.compileLimits, for: request.allowance)
        return request
    }

    static func lower(_ limits: inout Limits, for key: KeyAllowance) {
        let usual = Limits(limits.step)
        if let most = key.memory, limits.memory == usual.memory { limits.memory = min(limits.memory, most) }
        if let most = key.wall, limits.wall == usual.wall { limits.wall = min(limits.wall, most) }
    }

    private static func tooHigh(_ field: String, _ asked: String, _ most: String) -> RequestError {
        RequestError(
            .limitTooHigh, "\(field): \(asked) is above this key's maximum of \(most)", field: field)
    }
}
