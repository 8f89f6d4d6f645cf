package import Domain

extension Records: AuditLog {
    package func append(_ event: AuditEvent) async throws(StorageFailure) {
        try await writer.write { database throws(StorageFailure) in
            try AuditChain.append(event, to: database)
        }
        await added(1)
    }

    package func entries(
        _ filter: AuditFilter, after number: Int64, most: Int
    ) async throws(StorageFailure) -> [AuditEntry] {
        var parts = ["number > ?"]
        var values: [Database.Value] = [.integer(number)]
        func add(_ part: String, _ value: Database.Value) {
            parts.append(part)
            values.append(value)
        }
        if let key = filter.key { add("key = ?", .text(key.description)) }
        if let user = filter.user { add("user = ?", .text(user)) }
        if let kind = filter.kind { add("kind = ?", .text(kind.rawValue)) }
        if let since = filter.since { add("time >= ?", .integer(since)) }
        if let until = filter.until { add("time < ?", .integer(until)) }
        if let level = filter.level {
            let levels = AuditEvent.Level.allCases.drop { $0 != level }.map { "'\($0.rawValue)'" }
            parts.append("level IN (\(levels.joined(separator: ", ")))")
        }
        let (condition, bound) = (parts.joined(separator: " AND "), values + [.integer(most)])
        return try await reader.read { database throws(StorageFailure) in
            try database.all(
                "SELECT \(AuditChain.columns), (SELECT b.hash FROM audit b WHERE b.number = audit.number - 1) "
                    + "FROM audit WHERE \(condition) ORDER BY number LIMIT ?", bound
            ) { row in
                AuditChain.event(row).map {
                    AuditEntry(
                        number: row.integer(0) ?? 0, event: $0,
                        previous: Hexadecimal.encode(row.blob(12) ?? AuditChain.beginning),
                        hash: Hexadecimal.encode(row.blob(11) ?? []))
                }
            }.compactMap { $0 }
        }
    }

    package func verify() async throws(StorageFailure) -> AuditVerdict {
        let signer = signingKey.publicKey
        return try await reader.read { database throws(StorageFailure) in
            try AuditChain.verify(database, signer: signer)
        }
    }
}
