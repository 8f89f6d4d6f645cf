internal import Domain
internal import JSON

/// A run result, read from the JSON that the API gives; only what the command line shows.
struct RunResultReader {
    let object: JSONObject

    var result: RunResult? {
        guard let verdict, let language = text("language") else { return nil }
        let id = text("id").flatMap { RunID(parsing: $0) } ?? RunID.now()
        var result = RunResult(id: id, verdict: verdict, language: language, created: 0)
        result.version = text("version")
        if let compile = inner("compile"), let verdict = compile.verdict {
            var step = CompileResult(verdict: verdict)
            step.stdout = compile.bytes("stdout")
            step.stderr = compile.bytes("stderr")
            if case .bool(true) = compile.object["cached"] { step.cached = true }
            result.compile = step
        }
        result.environment = text("environment")
        if let receipt = inner("receipt") { result.receipt = receipt.receipt }
        guard fill(&result) else { return nil }
        guard case .array(let runs) = object["runs"] ?? .array([]) else { return nil }
        for run in runs {
            guard case .object(let members) = run else { return nil }
            guard let one = RunResultReader(object: members).test(of: result) else { return nil }
            result.runs.append(one)
        }
        return result
    }

    /// One of several runs of a program.
    func test(of whole: RunResult) -> RunResult? {
        guard let verdict else { return nil }
        var one = RunResult(id: whole.id, verdict: verdict, language: whole.language, created: 0)
        return fill(&one) ? one : nil
    }

    /// What a run and each of its tests have; false where it is not of the form.
    private func fill(_ result: inout RunResult) -> Bool {
        result.stdout = bytes("stdout")
        result.stderr = bytes("stderr")
        if let usage = inner("usage") { result.usage = usage.usage }
        result.network = inner("network")?.networkUse
        guard case .array(let results) = object["results"] ?? .array([]) else { return false }
        result.results = results.compactMap(Self.shown)
        guard case .array(let files) = object["files"] ?? .array([]) else { return false }
        for file in files {
            guard case .object(let members) = file, let collected = RunResultReader(object: members).file
            else {
                return false
            }
            result.files.append(collected)
        }
        if let leftOut = inner("files_left_out") {
            result.filesLeftOut = leftOut.number("count").map { Int($0) } ?? 0
            result.filesLeftOutReason = leftOut.text("reason")
        }
        return true
    }

    static func shown(_ value: JSONValue) -> RichResult? {
        guard case .object(let object) = value else { return nil }
        let forms = object.members.filter { !["source", "event", "number"].contains($0.name) }.map { member in
            var writer = JSONWriter()
            writer.value(member.value)
            return RichResult.Form(type: member.name, json: writer.bytes)
        }
        return RichResult(forms: forms)
    }

    private var verdict: Verdict? {
        guard let status = text("status").flatMap(RunStatus.init(rawValue:)) else { return nil }
        let code = integer("exit_code").flatMap(Int32.init(exactly:))
        let signal = integer("signal").flatMap(Int32.init(exactly:))
        return Verdict(status: status, exitCode: code, signal: signal, limit: inner("limit")?.limit)
    }

    private var limit: LimitHit? {
        guard let name = text("name").flatMap(LimitName.init(rawValue:)), let allowed = number("allowed")
        else {
            return nil
        }
        return LimitHit(name: name, allowed: allowed, measured: number("measured"), how: text("how") ?? "")
    }

    private var usage: Usage {
        var usage = Usage()
        usage.wall = number("wall_ms").map { .microseconds(Int64($0 * 1_000)) }
        usage.cpu = number("cpu_ms").map { .microseconds(Int64($0 * 1_000)) }
        usage.memoryPeak = integer("memory_peak_bytes").map { ByteCount(bytes: $0) }
        usage.processesPeak = integer("processes_peak")
        if let calls = inner("system_calls") {
            usage.systemCalls = [:]
            for member in calls.object.members {
                usage.systemCalls?[member.name] = calls.integer(member.name)
            }
        }
        return usage
    }

    private var networkUse: NetworkUse {
        var use = NetworkUse()
        use.connections = integer("connections") ?? 0
        use.failed = integer("failed") ?? 0
        use.denied = integer("denied") ?? 0
        use.sent = ByteCount(bytes: integer("sent_bytes") ?? 0)
        use.received = ByteCount(bytes: integer("received_bytes") ?? 0)
        guard case .array(let denials) = object["denials"] else { return use }
        use.denials = denials.compactMap { denial in
            guard case .object(let members) = denial else { return nil }
            let reader = RunResultReader(object: members)
            guard let target = reader.text("target"),
                let reason = reader.text("reason").flatMap(NetworkDenial.Reason.init(rawValue:))
            else { return nil }
            return NetworkDenial(target: target, reason: reason)
        }
        return use
    }

    private var receipt: Receipt? {
        guard let policy = text("policy"),
            let user = text("host_uid").flatMap(Receipt.HostUser.init(rawValue:)),
            let start = text("start").flatMap(Receipt.Start.init(rawValue:)),
            case .array(let names) = object["layers"]
        else { return nil }
        let layers = names.compactMap { name in
            if case .string(let text) = name { text } else { nil }
        }
        var receipt = Receipt(
            layers: layers, policy: policy, hostUser: user, start: start, memory: text("memory") ?? "")
        if case .array(let entries) = inner("network")?.object["allow"] {
            receipt.network.allow = entries.compactMap { entry in
                guard case .string(let text) = entry else { return nil }
                return try? NetworkPolicy.Endpoint(parsing: text)
            }
        }
        return receipt
    }

    /// Nil where the name could lead out of a folder, which no service of ours says.
    var file: CollectedFile? {
        guard let name = text("path"), let path = try? WorkspacePath(parsing: name) else { return nil }
        return CollectedFile(path: path, content: bytes("content"), executable: false)
    }
}

extension RunResultReader {
    private func inner(_ name: String) -> RunResultReader? {
        guard case .object(let members) = object[name] else { return nil }
        return RunResultReader(object: members)
    }

    func text(_ name: String) -> String? {
        guard case .string(let text) = object[name] else { return nil }
        return text
    }

    private func number(_ name: String) -> Double? {
        guard case .number(let number) = object[name], number.double.magnitude < 1e15 else { return nil }
        return number.double
    }

    func integer(_ name: String) -> Int? {
        guard case .number(let number) = object[name] else { return nil }
        return number.integer
    }

    /// Text, or bytes as `{"base64": …}`.
    func bytes(_ name: String) -> [UInt8] {
        switch object[name] {
        case .string(let text): Array(text.utf8)
        case .object(let wrapped):
            if case .string(let text) = wrapped["base64"] { Base64.decode(text) ?? [] } else { [] }
        default: []
        }
    }
}
