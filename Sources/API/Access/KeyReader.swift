internal import Domain
internal import JSON

/// Reads what a request wants a key to be.
struct KeyReader {
    /// What of a key may be given when it is made, and changed later; nil where it is not said.
    struct Wish: Sendable {
        var name: String?
        var user: String??
        var scopes: Set<KeyScope>?
        var allowance: KeyAllowance?
        /// From now; the inner nil is for ever.
        var lifetime: Duration??
        var kind = KeySecret.Kind.diatom

        func apply(to key: inout APIKey, now: Int64) {
            if let name { key.name = name }
            if let user { key.user = user }
            if let scopes { key.scopes = scopes }
            if let allowance { key.allowance = allowance }
            if let lifetime { key.expires = lifetime.map { now + $0.inNanoseconds } }
        }
    }

    private static let longestName = 128
    private static let longestLife = 100 * 365 * 86_400_000

    let languages: any LanguageDirectory

    func read(_ body: [UInt8], isNew: Bool) throws(RequestError) -> Wish {
        let known = ["name", "user", "scopes", "allowance", "expires_in_ms"] + (isNew ? ["e2b"] : [])
        let reader = try ObjectReader(try JSONParser.parse(body), path: "", known: known)
        var wish = Wish()
        wish.name = try text(reader, "name")
        if reader["user"] != nil { wish.user = .some(try text(reader, "user")) }
        wish.scopes = try scopes(reader)
        wish.allowance = try allowance(reader)
        if reader["expires_in_ms"] != nil {
            let given = try optionalCount(reader, "expires_in_ms", 1...Self.longestLife)
            wish.lifetime = .some(given.map { .milliseconds($0) })
        }
        if isNew, try reader.bool("e2b") { wish.kind = .e2b }
        return wish
    }

    private func text(_ reader: ObjectReader, _ name: String) throws(RequestError) -> String? {
        guard reader.optional(name) != nil, let text = try reader.string(name) else { return nil }
        guard (1...Self.longestName).contains(text.utf8.count),
            text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7f })
        else {
            throw reader.error(
                .invalidValue, name, "must have 1 to \(Self.longestName) bytes and no control characters")
        }
        return text
    }

    private func scopes(_ reader: ObjectReader) throws(RequestError) -> Set<KeyScope>? {
        guard let values = try reader.array("scopes", most: KeyScope.allCases.count) else { return nil }
        var scopes: Set<KeyScope> = []
        for value in values {
            guard case .string(let text) = value, let scope = KeyScope(rawValue: text) else {
                let words = KeyScope.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
                throw reader.wrong("scopes", value, expected: "a list of \(words)")
            }
            scopes.insert(scope)
        }
        guard !scopes.isEmpty else {
            throw reader.error(.invalidValue, "scopes", "is empty; such a key could do nothing")
        }
        return scopes
    }

    private func allowance(_ outer: ObjectReader) throws(RequestError) -> KeyAllowance? {
        guard let value = outer.optional("allowance") else { return nil }
        let reader = try ObjectReader(
            value, path: "allowance",
            known: [
                "rate", "concurrency", "daily_cpu_ms", "max_memory_mb", "max_wall_ms", "network", "languages",
                "weight",
            ])
        var allowance = KeyAllowance()
        if reader.optional("rate") != nil, let text = try reader.string("rate") {
            allowance.rate = KeyAllowance.Rate(parsing: text)
            guard allowance.rate != nil else {
                throw reader.wrong("rate", .string(text), expected: "such as 10/s, 600/min, 1000/h or 5000/d")
            }
        }
        allowance.concurrency = try optionalCount(reader, "concurrency", 1...10_000)
        allowance.dailyCPU = try optionalCount(reader, "daily_cpu_ms", 1...Self.longestLife).map {
            .milliseconds($0)
        }
        allowance.memory = try optionalCount(reader, "max_memory_mb", 1...1_048_576).map { .mebibytes($0) }
        allowance.wall = try optionalCount(reader, "max_wall_ms", 1...86_400_000).map { .milliseconds($0) }
        if reader["network"] != nil { allowance.allowsNetwork = try reader.bool("network") }
        allowance.languages = try languages(reader)
        allowance.weight = try reader.count("weight", from: 1, through: 100) ?? 1
        return allowance
    }

    private func languages(_ reader: ObjectReader) throws(RequestError) -> [String]? {
        guard reader.optional("languages") != nil, let values = try reader.array("languages", most: 200)
        else {
            return nil
        }
        var ids: [String] = []
        for value in values {
            guard case .string(let name) = value, let id = languages.id(of: name) else {
                throw reader.wrong("languages", value, expected: "a list of languages of GET /v1/languages")
            }
            if !ids.contains(id) { ids.append(id) }
        }
        return ids
    }

    private func optionalCount(
        _ reader: ObjectReader, _ name: String, _ bounds: ClosedRange<Int>
    ) throws(RequestError) -> Int? {
        guard reader.optional(name) != nil else { return nil }
        return try reader.count(name, from: bounds.lowerBound, through: bounds.upperBound)
    }
}
