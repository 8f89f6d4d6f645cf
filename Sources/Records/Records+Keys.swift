package import Domain
internal import JSON

extension Records: KeyStore {
    package func add(_ key: APIKey, secretHash: [UInt8]) async throws(StorageFailure) {
        try await writer.write { database throws(StorageFailure) in
            try database.run(
                "INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [.text(key.id.description), .blob(secretHash)] + Self.values(of: key))
        }
    }

    package func find(secretHash: [UInt8]) async throws(StorageFailure) -> APIKey? {
        try await reader.read { database throws(StorageFailure) in
            try database.first(
                "SELECT \(Self.keyColumns) FROM keys WHERE secret_hash = ?", [.blob(secretHash)], Self.key)
        }
    }

    package func keys() async throws(StorageFailure) -> [APIKey] {
        try await reader.read { database throws(StorageFailure) in
            try database.all("SELECT \(Self.keyColumns) FROM keys ORDER BY created, id", [], Self.key)
        }
    }

    package func change(
        _ id: KeyID, _ change: @escaping @Sendable (inout APIKey) -> Void
    ) async throws(StorageFailure) -> APIKey? {
        try await writer.write { database throws(StorageFailure) in
            guard
                var key = try database.first(
                    "SELECT \(Self.keyColumns) FROM keys WHERE id = ?", [.text(id.description)], Self.key)
            else { return }
            change(&key)
            try database.run(
                "UPDATE keys SET name = ?, user = ?, scopes = ?, allowance = ?, prefix = ?, created = ?, "
                    + "expires = ?, revoked = ? WHERE id = ?",
                Self.values(of: key) + [.text(id.description)])
        }
        return try await reader.read { database throws(StorageFailure) in
            try database.first(
                "SELECT \(Self.keyColumns) FROM keys WHERE id = ?", [.text(id.description)], Self.key)
        }
    }

    private static let keyColumns = "id, name, user, scopes, allowance, prefix, created, expires, revoked"

    private static func values(of key: APIKey) -> [Database.Value] {
        [
            .text(key.name), .text(key.user),
            .text(key.scopes.map(\.rawValue).sorted().joined(separator: " ")),
            .text(AllowanceCoding.encode(key.allowance)), .text(key.prefix), .integer(key.created),
            .time(key.expires), .time(key.revoked),
        ]
    }

    /// What cannot be read of a key lets it do less, never more.
    private static func key(_ row: Row) -> APIKey {
        let scopes = (row.text(3) ?? "").split(separator: " ").compactMap { KeyScope(rawValue: String($0)) }
        let allowance = AllowanceCoding.decode(row.text(4) ?? "")
        var key = APIKey(
            id: KeyID(row.text(0) ?? ""), name: row.text(1) ?? "",
            scopes: allowance == nil ? [] : Set(scopes), allowance: allowance ?? KeyAllowance(),
            prefix: row.text(5) ?? "", created: row.integer(6) ?? 0)
        key.user = row.text(2)
        key.expires = row.integer(7)
        key.revoked = row.integer(8)
        return key
    }
}

/// An allowance as JSON.
enum AllowanceCoding {
    static func encode(_ allowance: KeyAllowance) -> String {
        var writer = JSONWriter(capacity: 256)
        writer.beginObject()
        writer.member("rate", allowance.rate?.description)
        writer.member("concurrency", allowance.concurrency)
        writer.member("daily_cpu_ns", allowance.dailyCPU.map { Int($0.inNanoseconds) })
        writer.member("memory_bytes", allowance.memory?.bytes)
        writer.member("wall_ns", allowance.wall.map { Int($0.inNanoseconds) })
        writer.member("network", allowance.allowsNetwork)
        writer.member("languages", allowance.languages?.joined(separator: " "))
        writer.member("weight", allowance.weight)
        writer.endObject()
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    static func decode(_ text: String) -> KeyAllowance? {
        guard case .object(let object)? = try? JSONParser.parse(Array(text.utf8)) else { return nil }
        func number(_ name: String) -> Int? {
            guard case .number(let number)? = object[name] else { return nil }
            return number.integer
        }
        func string(_ name: String) -> String? {
            guard case .string(let text)? = object[name] else { return nil }
            return text
        }
        guard case .bool(let network)? = object["network"], let weight = number("weight") else { return nil }
        var allowance = KeyAllowance()
        allowance.rate = string("rate").flatMap(KeyAllowance.Rate.init(parsing:))
        allowance.concurrency = number("concurrency")
        allowance.dailyCPU = number("daily_cpu_ns").map { .nanoseconds($0) }
        allowance.memory = number("memory_bytes").map { ByteCount(bytes: $0) }
        allowance.wall = number("wall_ns").map { .nanoseconds($0) }
        allowance.allowsNetwork = network
        allowance.languages = string("languages").map { $0.split(separator: " ").map(String.init) }
        allowance.weight = weight
        return allowance
    }
}
