package import Domain
internal import Synchronization

/// Answers that may be given again; those used longest ago go first.
extension Records: ResultCache {
    package func find(_ address: String, now: Int64) async throws(StorageFailure) -> [UInt8]? {
        let oldest = now - settings.mostResultAge.inNanoseconds
        let answer = try await reader.read { database throws(StorageFailure) in
            try database.first(
                "SELECT answer FROM results WHERE address = ? AND created >= ?",
                [.text(address), .integer(Int(oldest))]
            ) { $0.blob(0) }
        }
        guard let answer = answer ?? nil else { return nil }
        try await writer.write { database throws(StorageFailure) in
            try database.run(
                "UPDATE results SET used = ? WHERE address = ?", [.integer(Int(now)), .text(address)])
        }
        return answer
    }

    package func keep(
        _ answer: [UInt8], at address: String, for key: KeyID, now: Int64
    ) async throws(StorageFailure) {
        let most = settings.mostResultBytes.bytes
        guard answer.count <= most else { return }
        try await writer.write { database throws(StorageFailure) in
            try database.run(
                "INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?, ?)",
                [
                    .text(address), .text(key.description), .integer(Int(now)), .integer(Int(now)),
                    .integer(answer.count), .blob(answer),
                ])
            try Self.makeRoom(database, most: most)
        }
    }

    private static func makeRoom(_ database: Database, most: Int) throws(StorageFailure) {
        while try database.number("SELECT coalesce(sum(bytes), 0) FROM results") > most {
            try database.run(
                "DELETE FROM results WHERE address IN (SELECT address FROM results ORDER BY used LIMIT 4)")
        }
    }

    func removeOldResults(now: Int64) async throws(StorageFailure) {
        let oldest = now - settings.mostResultAge.inNanoseconds
        try await writer.write { database throws(StorageFailure) in
            try database.run("DELETE FROM results WHERE created < ?", [.integer(Int(oldest))])
        }
    }
}
