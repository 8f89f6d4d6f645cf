package import Domain

extension Records: RunHistory {
    package func begin(_ record: RunRecord) async throws(StorageFailure) {
        try await writer.write { database throws(StorageFailure) in
            if record.isListed { try Self.keep(record, in: database) }
            if let delivery = record.delivery { try Self.keep(delivery, in: database) }
        }
    }

    package func end(
        _ record: RunRecord, files: [CollectedFile], audit: AuditEvent
    ) async throws(StorageFailure) {
        var record = record
        // Before the rows that name them: what a crash leaves here is swept up later.
        if !files.isEmpty { record.artifacts += try await keep(files) }
        let kept = record
        try await writer.write { database throws(StorageFailure) in
            if kept.isListed { try Self.keep(kept, in: database) }
            if let delivery = kept.delivery { try Self.keep(delivery, in: database) }
            try Self.tally(kept, in: database)
            try AuditChain.append(audit, to: database)
        }
        await added(1)
    }

    private func keep(_ files: [CollectedFile]) async throws(StorageFailure) -> [Artifact] {
        let artifacts = artifacts
        return try await filing.perform { () throws(StorageFailure) -> [Artifact] in
            var kept: [Artifact] = []
            for file in files {
                let hash = try artifacts.keep(file.content)
                kept.append(
                    Artifact(
                        path: file.path.description, type: MediaType.guess(file.path),
                        size: ByteCount(bytes: file.content.count), sha256: hash))
            }
            return kept
        }
    }

    private static func keep(_ record: RunRecord, in database: Database) throws(StorageFailure) {
        try database.run(
            "INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                .text(record.id.description), .text(record.key.description), .text(record.state.rawValue),
                .text(record.language), .text(record.version), .text(record.status?.rawValue),
                .integer(record.exitCode.map(Int.init)), .integer(record.signal.map(Int.init)),
                .text(record.limit), .integer(record.cached ? 1 : 0), .text(record.policy),
                .integer(record.created), .time(record.ended), .duration(record.queued),
                .duration(record.wall), .duration(record.cpu), .integer(record.memoryPeak?.bytes),
                .integer(record.outputBytes), .integer(record.httpStatus),
            ])
        let size = (record.request?.count ?? 0) + (record.result?.count ?? 0)
        if size > 0 {
            try database.run(
                "INSERT OR REPLACE INTO contents VALUES (?, ?, ?, ?)",
                [.text(record.id.description), .integer(size), .blob(record.request), .blob(record.result)])
        }
        for artifact in record.artifacts {
            try database.run(
                "INSERT OR REPLACE INTO artifacts VALUES (?, ?, ?, ?, ?)",
                [
                    .text(record.id.description), .text(artifact.path), .text(artifact.type),
                    .integer(artifact.size.bytes), .text(artifact.sha256),
                ])
        }
    }

    private static let hour: Int64 = 3_600_000_000_000

    /// Counts a run to its key's usage, in the hour in which it ended.
    private static func tally(_ record: RunRecord, in database: Database) throws(StorageFailure) {
        guard let status = record.status else { return }
        try database.run(
            "INSERT INTO tallies VALUES (?, ?, ?, ?, 1, ?, ?, ?) ON CONFLICT DO UPDATE SET runs = runs + 1, "
                + "cpu = cpu + excluded.cpu, wall = wall + excluded.wall, output = output + excluded.output",
            [
                .integer((record.ended ?? record.created) / hour), .text(record.key.description),
                .text(record.language), .text(status.rawValue), .duration(record.cpu ?? .zero),
                .duration(record.wall ?? .zero), .integer(record.outputBytes),
            ])
    }

    package func run(_ id: RunID) async throws(StorageFailure) -> RunRecord? {
        try await reader.read { database throws(StorageFailure) in
            let name = Database.Value.text(id.description)
            guard
                var record = try database.first(
                    "SELECT \(RunColumns.list) FROM runs WHERE id = ?", [name], RunColumns.record) ?? nil
            else { return nil }
            let contents = try database.first("SELECT request, result FROM contents WHERE run = ?", [name]) {
                ($0.blob(0), $0.blob(1))
            }
            record.request = contents?.0
            record.result = contents?.1
            record.artifacts = try database.all(
                "SELECT path, type, size, sha256 FROM artifacts WHERE run = ? ORDER BY path", [name]
            ) {
                Artifact(
                    path: $0.text(0) ?? "", type: $0.text(1) ?? "", size: ByteCount(bytes: $0.int(2) ?? 0),
                    sha256: $0.text(3) ?? "")
            }
            return record
        }
    }

    package func runs(
        _ filter: RunFilter, after cursor: RunID?, most: Int
    ) async throws(StorageFailure) -> RunPage {
        var condition = RunCondition(filter)
        if let cursor { condition.add("id < ?", .text(cursor.description)) }
        let wanted = condition
        let runs = try await reader.read { database throws(StorageFailure) in
            try database.all(
                "SELECT \(RunColumns.list) FROM runs \(wanted.clause) ORDER BY id DESC LIMIT ?",
                wanted.values + [.integer(most + 1)], RunColumns.record)
        }.compactMap { $0 }
        let page = Array(runs.prefix(most))
        return RunPage(runs: page, next: runs.count > most ? page.last?.id : nil)
    }

    package func content(of artifact: Artifact) async throws(StorageFailure) -> [UInt8]? {
        let artifacts = artifacts
        return try await filing.perform { () throws(StorageFailure) in
            try artifacts.content(artifact.sha256)
        }
    }

    package func remove(_ id: RunID, audit: AuditEvent) async throws(StorageFailure) -> Bool {
        let exists = try await run(id) != nil
        guard exists else { return false }
        try await removeRuns([id.description], audit: audit)
        return true
    }

    package func usage(since: Int64, until: Int64) async throws(StorageFailure) -> [KeyUsage] {
        let rows = try await reader.read { database throws(StorageFailure) in
            try database.all(
                "SELECT key, sum(runs), sum(CASE status WHEN 'succeeded' THEN runs ELSE 0 END), sum(cpu), "
                    + "sum(wall), sum(output) FROM tallies WHERE hour >= ? AND hour <= ? GROUP BY key ORDER BY key",
                [.integer(since / Self.hour), .integer(until / Self.hour)]
            ) { row in
                var usage = KeyUsage(key: KeyID(row.text(0) ?? ""))
                usage.runs = row.int(1) ?? 0
                usage.succeeded = row.int(2) ?? 0
                usage.cpu = row.duration(3) ?? .zero
                usage.wall = row.duration(4) ?? .zero
                usage.outputBytes = row.int(5) ?? 0
                return usage
            }
        }
        return rows
    }

    package func statistics(_ filter: RunFilter) async throws(StorageFailure) -> RunStatistics {
        let rows = try await reader.read { database throws(StorageFailure) in
            try database.all(
                "SELECT key, language, status, sum(runs) FROM tallies WHERE (?1 IS NULL OR key = ?1) AND "
                    + "(?2 IS NULL OR language = ?2) AND hour >= ?3 AND hour <= ?4 GROUP BY key, language, status",
                [
                    .text(filter.key?.description), .text(filter.language),
                    .integer((filter.since ?? 0) / Self.hour), .integer((filter.until ?? .max) / Self.hour),
                ]
            ) { ($0.text(0) ?? "", $0.text(1) ?? "", $0.text(2) ?? "", $0.int(3) ?? 0) }
        }
        var statistics = RunStatistics()
        for (key, language, status, count) in rows {
            statistics.runs += count
            if status == RunStatus.succeeded.rawValue { statistics.succeeded += count }
            statistics.byKey[key, default: 0] += count
            statistics.byLanguage[language, default: 0] += count
            statistics.byStatus[status, default: 0] += count
        }
        return statistics
    }
}

/// Rows of the table of runs.
enum RunColumns {
    static let list =
        "id, key, state, language, version, status, exit_code, signal, limit_name, cached, policy, created, "
        + "ended, queued, wall, cpu, memory_peak, output_bytes, http_status"

    static func record(_ row: Row) -> RunRecord? {
        guard let id = row.text(0).flatMap(RunID.init(parsing:)), let key = row.text(1),
            let state = row.text(2).flatMap(RunRecord.State.init(rawValue:))
        else { return nil }
        var record = RunRecord(
            id: id, key: KeyID(key), state: state, language: row.text(3) ?? "", created: row.integer(11) ?? 0)
        record.version = row.text(4)
        record.status = row.text(5).flatMap(RunStatus.init(rawValue:))
        record.exitCode = row.integer(6).map { Int32(truncatingIfNeeded: $0) }
        record.signal = row.integer(7).map { Int32(truncatingIfNeeded: $0) }
        record.limit = row.text(8)
        record.cached = row.integer(9) == 1
        record.policy = row.text(10)
        record.ended = row.integer(12)
        record.queued = row.duration(13) ?? .zero
        record.wall = row.duration(14)
        record.cpu = row.duration(15)
        record.memoryPeak = row.int(16).map { ByteCount(bytes: $0) }
        record.outputBytes = row.int(17) ?? 0
        record.httpStatus = row.int(18)
        return record
    }
}

/// What of the runs is asked for, as SQL.
struct RunCondition {
    private var parts: [String] = []
    private(set) var values: [Database.Value] = []

    init(_ filter: RunFilter) {
        if let key = filter.key { add("key = ?", .text(key.description)) }
        if let language = filter.language { add("language = ?", .text(language)) }
        if let status = filter.status { add("status = ?", .text(status.rawValue)) }
        if let state = filter.state { add("state = ?", .text(state.rawValue)) }
        if let since = filter.since { add("created >= ?", .integer(since)) }
        if let until = filter.until { add("created < ?", .integer(until)) }
    }

    mutating func add(_ part: String, _ value: Database.Value) {
        parts.append(part)
        values.append(value)
    }

    var clause: String { parts.isEmpty ? "" : "WHERE " + parts.joined(separator: " AND ") }
}
