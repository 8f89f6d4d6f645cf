package import Domain
internal import Synchronization

/// Removing what is too old or too much.
extension Records {
    /// So many runs a transaction, so that nobody waits long.
    private static let batch = 200
    /// A file that a run is about to name is younger than this.
    private static let orphanAge = 3_600

    /// Removes runs beyond the bounds of age and size, and artifacts that no run names; signs the audit log's head.
    ///
    /// - Returns: How many runs went.
    @discardableResult
    package func sweep(now: Int64 = WallClock.now()) async throws(StorageFailure) -> Int {
        var removed = 0
        if let age = settings.mostAge {
            removed += try await removeOldest { database throws(StorageFailure) in
                try database.all(
                    "SELECT id FROM runs WHERE id < ? ORDER BY id LIMIT ?",
                    [.text(Self.earliestID(at: now - age.inNanoseconds)), .integer(Self.batch)]
                ) { $0.text(0) ?? "" }
            }
        }
        let most = settings.mostBytes.bytes
        removed += try await removeOldest { database throws(StorageFailure) in
            let bytes =
                try database.number("SELECT coalesce(sum(bytes), 0) FROM contents")
                + (try database.number("SELECT coalesce(sum(size), 0) FROM artifacts"))
            guard bytes > most else { return [] }
            return try database.all(
                "SELECT id FROM runs WHERE state = 'ended' AND (id IN (SELECT run FROM contents) OR "
                    + "id IN (SELECT run FROM artifacts)) ORDER BY id LIMIT ?", [.integer(Self.batch)]
            ) { $0.text(0) ?? "" }
        }
        if removed > 0 {
            var event = AuditEvent(.recordsExpired, key: .local, time: now)
            event.note = "\(removed) runs"
            try await append(event)
        }
        await removeOrphans(now: now)
        try await removeOldResults(now: now)
        try await removeOldDeliveries(now: now)
        if unsigned.withLock({ $0 > 0 }) { try await signHead() }
        return removed
    }

    /// Ids sort by the time at which they were made: this is before all of that time.
    private static func earliestID(at time: Int64) -> String {
        struct Zeros: RandomNumberGenerator {
            func next() -> UInt64 { 0 }
        }
        return RunID(milliseconds: UInt64(max(time, 0) / 1_000_000), random: Zeros()).description
    }

    private func removeOldest(
        _ choose: @Sendable (Database) throws(StorageFailure) -> [String]
    ) async throws(StorageFailure) -> Int {
        var removed = 0
        while true {
            let ids = try await reader.read(choose)
            guard !ids.isEmpty else { return removed }
            try await removeRuns(ids, audit: nil)
            removed += ids.count
        }
    }

    func removeRuns(_ ids: [String], audit: AuditEvent?) async throws(StorageFailure) {
        let orphans = Mutex<[String]>([])
        try await writer.write { database throws(StorageFailure) in
            var hashes: Set<String> = []
            for id in ids {
                hashes.formUnion(
                    try database.all("SELECT sha256 FROM artifacts WHERE run = ?", [.text(id)]) {
                        $0.text(0) ?? ""
                    })
                for table in [
                    "artifacts WHERE run", "contents WHERE run", "deliveries WHERE run", "runs WHERE id",
                ] {
                    try database.run("DELETE FROM \(table) = ?", [.text(id)])
                }
            }
            for hash in hashes
            where try database.number("SELECT count(*) FROM artifacts WHERE sha256 = ?", [.text(hash)]) == 0 {
                orphans.withLock { $0.append(hash) }
            }
            if let audit { try AuditChain.append(audit, to: database) }
        }
        let unnamed = orphans.withLock { $0 }
        guard !unnamed.isEmpty else { return }
        await filing.perform { for hash in unnamed { self.artifacts.remove(hash) } }
    }

    private func removeOrphans(now: Int64) async {
        let old = await filing.perform {
            self.artifacts.all(olderThan: Int(now / 1_000_000_000) - Self.orphanAge)
        }
        for hash in old {
            let named = try? await reader.read { database throws(StorageFailure) in
                try database.number("SELECT count(*) FROM artifacts WHERE sha256 = ?", [.text(hash)])
            }
            if named == 0 { await filing.perform { self.artifacts.remove(hash) } }
        }
    }
}
