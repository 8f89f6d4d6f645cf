internal import JSON

extension Command {
    private static let format = CommandOption(
        "format", value: "FORMAT", "of 'export': jsonl (the default) or csv")
    private static let user = CommandOption("user", value: "USER", "what this user's keys did")
    private static let key = CommandOption("key", value: "ID", "what this key did")
    private static let kind = CommandOption("kind", value: "KIND", "such as run.ended or key.created")
    private static let level = CommandOption(
        "level", value: "LEVEL", "info, warning, error or critical, and above")
    private static let since = CommandOption(
        "since", value: "TIME", "such as 2026-11-21 or 2026-11-21T01:02:03Z")
    private static let until = CommandOption("until", value: "TIME", "before this time")

    static let audit = Command(
        name: "audit", summary: "verify and export the audit log of a running service",
        usage: ["audit verify [--json]", "audit export [--format jsonl|csv] [OPTION…]"],
        details: """
            The audit log is a chain: each entry holds the hash of all before it, and its heads are signed now and then.
            'verify' reads all of it, and exits 1 if it is not what was written.
            """,
        options: [.json, format, user, key, kind, level, since, until, RunFlags.data],
        examples: [
            ("diatom audit verify", "whether it was altered, and where"),
            (
                "diatom audit export --format csv --user ada --since 2026-11-01 > audit.csv",
                "one user's month"
            ),
        ],
        body: { (invocation) throws(UsageError) in
            switch invocation.parsed.operands {
            case ["verify"]: return verify(invocation)
            case ["export"]: return export(invocation)
            default: throw UsageError("'audit' takes 'verify' or 'export'")
            }
        })

    private static func verify(_ invocation: Invocation) -> Int32 {
        invocation.answer { (service) throws(ServiceQuery.Failure) in
            let answer = try service.ask("GET", "/v1/audit/verify")
            let (text, isIntact) = verdict(answer)
            Messages(environment: invocation.environment).print(
                invocation.parsed.has(.json) ? String(decoding: answer, as: UTF8.self) : text)
            return isIntact ? 0 : 1
        }
    }

    private static func verdict(_ answer: [UInt8]) -> (String, Bool) {
        guard case .object(let object)? = try? JSONParser.parse(answer),
            case .bool(let intact)? = object["intact"]
        else { return ("the answer cannot be read", false) }
        func number(_ name: String) -> String {
            guard case .number(let number)? = object[name] else { return "?" }
            return number.text
        }
        guard !intact else {
            return ("intact: \(number("entries")) entries, \(number("signed_heads")) signed heads", true)
        }
        guard case .string(let why)? = object["why"] else { return ("broken", false) }
        return ("broken at entry \(number("broken_at")): \(why)", false)
    }

    private static func export(_ invocation: Invocation) -> Int32 {
        var query = "format=" + ServiceQuery.escaped(invocation.parsed.value(format) ?? "jsonl")
        for option in [user, key, kind, level, since, until] {
            guard let value = invocation.parsed.value(option) else { continue }
            query += "&\(option.name)=" + ServiceQuery.escaped(value)
        }
        return invocation.answer { (service) throws(ServiceQuery.Failure) in
            DescriptorOutput.writeAll(try service.ask("GET", "/v1/audit?" + query), to: 1)
            return 0
        }
    }
}
