internal import Domain
internal import JSON

/// Writes keys as `/v1/keys` shows them.
enum KeyEncoder {
    /// `secret`: Only in the answer that made the key.
    static func encode(_ key: APIKey, secret: KeySecret? = nil) -> [UInt8] {
        var writer = JSONWriter(capacity: 512)
        write(key, secret: secret, to: &writer)
        return writer.bytes
    }

    static func encode(_ keys: [APIKey]) -> [UInt8] {
        var writer = JSONWriter(capacity: 512 * (keys.count + 1))
        writer.beginObject()
        writer.name("keys")
        writer.beginArray()
        for key in keys { write(key, secret: nil, to: &writer) }
        writer.endArray()
        writer.endObject()
        return writer.bytes
    }

    private static func write(_ key: APIKey, secret: KeySecret?, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("id", key.id.description)
        if let secret { writer.member("secret", secret.text) }
        writer.member("name", key.name)
        writer.member("user", key.user)
        writer.name("scopes")
        writer.beginArray()
        for scope in KeyScope.allCases where key.scopes.contains(scope) { writer.value(scope.rawValue) }
        writer.endArray()
        writer.member("prefix", key.prefix)
        writer.member("created_at", Timestamp.format(key.created))
        writer.member("expires_at", key.expires.map(Timestamp.format))
        writer.member("revoked_at", key.revoked.map(Timestamp.format))
        writer.name("allowance")
        write(key.allowance, to: &writer)
        writer.endObject()
    }

    private static func write(_ allowance: KeyAllowance, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("rate", allowance.rate?.description)
        writer.member("concurrency", allowance.concurrency)
        writer.member("daily_cpu_ms", allowance.dailyCPU.map { Int($0.inNanoseconds / 1_000_000) })
        writer.member("max_memory_mb", allowance.memory?.wholeMebibytes)
        writer.member("max_wall_ms", allowance.wall.map { Int($0.inNanoseconds / 1_000_000) })
        writer.member("network", allowance.allowsNetwork)
        writer.name("languages")
        if let languages = allowance.languages {
            writer.beginArray()
            for language in languages { writer.value(language) }
            writer.endArray()
        } else {
            writer.null()
        }
        writer.member("weight", allowance.weight)
        writer.endObject()
    }
}
