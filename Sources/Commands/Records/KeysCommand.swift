internal import Domain
internal import JSON

extension Command {
    private static let scope = CommandOption(
        "scope", value: "SCOPE,…", "what it may do: run, read, metrics, admin (default: run)")
    private static let name = CommandOption("name", value: "NAME", "what people call it")
    private static let user = CommandOption("user", value: "USER", "whose it is, for the audit log")
    private static let rate = CommandOption(
        "rate", value: "N/s", "runs it may begin: 10/s, 600/min, 1000/h, 5000/d")
    private static let concurrency = CommandOption("concurrency", value: "N", "runs at a time; more wait")
    private static let dailyCPU = CommandOption("daily-cpu", value: "N[s]", "CPU seconds of a day (UTC)")
    private static let memory = CommandOption("max-memory-mb", value: "N", "the most a run may ask for")
    private static let wall = CommandOption("max-wall-ms", value: "N", "the longest a run may ask for")
    private static let network = CommandOption(
        "network", value: "yes|no", "whether its runs may have networks")
    private static let allowedLanguages = CommandOption(
        "languages", value: "ID,…", "the languages it may run")
    private static let weight = CommandOption("weight", value: "N", "its share beside other keys, 1 to 100")
    private static let expires = CommandOption(
        "expires", value: "N[d]", "days until it is of no use any more")
    private static let e2b = CommandOption("e2b", "of the form that E2B's SDKs want")

    static let keys = Command(
        name: "keys", summary: "make, list and revoke the keys of a running service",
        usage: ["keys [list] [--json]", "keys create [OPTION…]", "keys revoke ID"],
        details: """
            A key's secret is shown once, when it is made; the service keeps its hash. From the first key on, whatever
            comes by TCP needs one; the unix socket in the data directory stays its owner's.
            """,
        options: [
            .json, name, user, scope, rate, concurrency, dailyCPU, memory, wall, network, allowedLanguages,
            weight,
            expires, e2b, RunFlags.data,
        ],
        examples: [
            (
                "diatom keys create --name ci --rate 10/s --concurrency 4 --daily-cpu 3600s",
                "a key with bounds"
            ),
            ("diatom keys", "all keys, without their secrets"),
            ("diatom keys revoke key_0eda725b9884d480", "from now on it is refused"),
        ],
        body: { (invocation) throws(UsageError) in
            var words = invocation.parsed.operands[...]
            let verb = words.popFirst() ?? "list"
            switch (verb, words.count) {
            case ("list", 0): return list(invocation)
            case ("create", 0): return create(invocation, try wish(invocation.parsed))
            case ("revoke", 1): return revoke(invocation, words[words.startIndex])
            case ("revoke", _): throw UsageError("'revoke' takes one ID; 'diatom keys' lists them")
            case ("list", _), ("create", _): throw UsageError("'\(verb)' takes options only")
            default: throw UsageError("there is no 'keys \(verb)'; it lists, creates and revokes")
            }
        })

    private static func list(_ invocation: Invocation) -> Int32 {
        invocation.answer { (service) throws(ServiceQuery.Failure) in
            let answer = try service.ask("GET", "/v1/keys")
            let messages = Messages(environment: invocation.environment)
            messages.print(
                invocation.parsed.has(.json)
                    ? String(decoding: answer, as: UTF8.self) : KeyReport.table(answer))
            return 0
        }
    }

    private static func create(_ invocation: Invocation, _ wish: [UInt8]) -> Int32 {
        invocation.answer { (service) throws(ServiceQuery.Failure) in
            let answer = try service.ask("POST", "/v1/keys", wish)
            let messages = Messages(environment: invocation.environment)
            guard !invocation.parsed.has(.json), let secret = KeyReport.secret(answer) else {
                messages.print(String(decoding: answer, as: UTF8.self))
                return 0
            }
            messages.print(secret)
            messages.progress("this is shown once; send it as 'Authorization: Bearer …' or 'X-API-Key: …'")
            return 0
        }
    }

    private static func revoke(_ invocation: Invocation, _ id: String) -> Int32 {
        invocation.answer { (service) throws(ServiceQuery.Failure) in
            let answer = try service.ask("DELETE", "/v1/keys/" + ServiceQuery.escaped(id))
            let text = invocation.parsed.has(.json) ? String(decoding: answer, as: UTF8.self) : "revoked"
            Messages(environment: invocation.environment).print(text)
            return 0
        }
    }

    /// What the options ask for, as the service takes it; it says what is wrong with their values.
    private static func wish(_ parsed: ParsedArguments) throws(UsageError) -> [UInt8] {
        var writer = JSONWriter(capacity: 512)
        writer.beginObject()
        if let text = parsed.value(name) { writer.member("name", text) }
        if let text = parsed.value(user) { writer.member("user", text) }
        if let text = parsed.value(scope) { write(list: text, "scopes", to: &writer) }
        if parsed.has(e2b) { writer.member("e2b", true) }
        if let days = try number(parsed, expires, unit: "d") {
            writer.member("expires_in_ms", days * 86_400_000)
        }
        writer.name("allowance")
        writer.beginObject()
        if let text = parsed.value(rate) { writer.member("rate", text) }
        if let count = try parsed.count(concurrency) { writer.member("concurrency", count) }
        if let seconds = try number(parsed, dailyCPU, unit: "s") {
            writer.member("daily_cpu_ms", seconds * 1_000)
        }
        if let count = try parsed.count(memory) { writer.member("max_memory_mb", count) }
        if let count = try parsed.count(wall) { writer.member("max_wall_ms", count) }
        if let text = parsed.value(network) {
            guard ["yes", "no"].contains(text) else { throw UsageError("--network: yes or no was expected") }
            writer.member("network", text == "yes")
        }
        if let text = parsed.value(allowedLanguages) { write(list: text, "languages", to: &writer) }
        if let count = try parsed.count(weight) { writer.member("weight", count) }
        writer.endObject()
        writer.endObject()
        return writer.bytes
    }

    private static func write(list text: String, _ name: StaticString, to writer: inout JSONWriter) {
        writer.name(name)
        writer.beginArray()
        for word in text.split(separator: ",") { writer.value(String(word)) }
        writer.endArray()
    }

    private static func number(
        _ parsed: ParsedArguments, _ option: CommandOption, unit: Character
    ) throws(UsageError) -> Int? {
        guard var text = parsed.value(option) else { return nil }
        if text.last == unit { text.removeLast() }
        guard let number = Int(text), (1...1_000_000_000).contains(number) else {
            throw UsageError("--\(option.name): a whole number was expected, as in 30\(unit)")
        }
        return number
    }
}

/// What `diatom keys` prints for people.
enum KeyReport {
    static func secret(_ answer: [UInt8]) -> String? {
        guard case .object(let key)? = try? JSONParser.parse(answer) else { return nil }
        return text(key, "secret")
    }

    static func table(_ answer: [UInt8]) -> String {
        guard case .object(let object)? = try? JSONParser.parse(answer),
            case .array(let keys)? = object["keys"],
            !keys.isEmpty
        else { return "no keys; make one with 'diatom keys create'" }
        return keys.map { key in
            guard case .object(let key) = key else { return "" }
            let state =
                text(key, "revoked_at").map { "revoked \($0)" }
                ?? text(key, "expires_at").map { "until \($0)" }
            return [
                text(key, "id"), (text(key, "prefix") ?? "") + "…", scopes(key), text(key, "name"),
                text(key, "user"), state,
            ].compactMap { $0 }.joined(separator: "  ")
        }.joined(separator: "\n")
    }

    private static func text(_ object: JSONObject, _ name: String) -> String? {
        guard case .string(let text)? = object[name] else { return nil }
        return text
    }

    private static func scopes(_ key: JSONObject) -> String {
        guard case .array(let scopes)? = key["scopes"] else { return "" }
        return scopes.map { scope in
            guard case .string(let text) = scope else { return "" }
            return text
        }.joined(separator: ",")
    }
}
