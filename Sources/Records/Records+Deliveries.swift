package import Domain

/// Deliveries to webhooks: a row for each run that has one.
extension Records: DeliveryStore {
    /// Of one key; what is beyond is given up at once.
    private static let mostWaiting = 10_000
    private static let mostWaitingBytes = 256 << 20
    /// How long it is known how a delivery went, in nanoseconds.
    private static let remembered: Int64 = 7 * 86_400 * 1_000_000_000

    package var webhookKey: [UInt8] { webhookSigner.publicKey }

    package func sign(_ message: [UInt8]) -> [UInt8] { webhookSigner.sign(message) }

    package func takeDue(
        now: Int64, lease: Int64, most: Int, mostOfKey: Int
    ) async throws(StorageFailure) -> [WebhookDelivery] {
        let due = try await reader.read { database throws(StorageFailure) in
            try database.all(
                "SELECT \(DeliveryColumns.list), body FROM (SELECT *, row_number() OVER "
                    + "(PARTITION BY key ORDER BY due) AS place FROM deliveries WHERE state = 'waiting' AND due <= ?) "
                    + "WHERE place <= ? ORDER BY due LIMIT ?",
                [.integer(now), .integer(mostOfKey), .integer(most)]
            ) { row -> WebhookDelivery? in
                var delivery = DeliveryColumns.delivery(row)
                delivery?.body = row.blob(DeliveryColumns.count)
                return delivery
            }
        }.compactMap { $0 }
        guard !due.isEmpty else { return [] }
        try await writer.write { database throws(StorageFailure) in
            for delivery in due {
                try database.run(
                    "UPDATE deliveries SET due = ? WHERE run = ?",
                    [.integer(lease), .text(delivery.run.description)])
            }
        }
        return due
    }

    package func note(_ delivery: WebhookDelivery) async throws(StorageFailure) {
        try await writer.write { database throws(StorageFailure) in
            try database.run(
                "UPDATE deliveries SET state = ?, attempts = ?, due = ?, status = ?, problem = ?, finished = ? "
                    + "WHERE run = ?",
                [
                    .text(delivery.state.rawValue), .integer(delivery.attempts), .time(delivery.due),
                    .integer(delivery.lastStatus), .text(delivery.lastProblem), .time(delivery.finished),
                    .text(delivery.run.description),
                ])
            guard delivery.finished != nil else { return }
            try database.run(
                "UPDATE deliveries SET body = NULL, secret = NULL, bytes = 0 WHERE run = ?",
                [.text(delivery.run.description)])
        }
    }

    package func nextDue() async throws(StorageFailure) -> Int64? {
        try await reader.read { database throws(StorageFailure) in
            try database.first("SELECT min(due) FROM deliveries WHERE state = 'waiting'") { $0.integer(0) }
                ?? nil
        }
    }

    package func delivery(of run: RunID) async throws(StorageFailure) -> WebhookDelivery? {
        let found = try await reader.read { database throws(StorageFailure) in
            try database.first(
                "SELECT \(DeliveryColumns.list) FROM deliveries WHERE run = ?", [.text(run.description)],
                DeliveryColumns.delivery) ?? nil
        }
        var delivery = found
        delivery?.secret = nil
        return delivery
    }

    static func keep(_ delivery: WebhookDelivery, in database: Database) throws(StorageFailure) {
        var delivery = delivery
        if delivery.state == .waiting {
            let waiting = try database.first(
                "SELECT count(*), coalesce(sum(bytes), 0) FROM deliveries WHERE key = ? AND state = 'waiting'",
                [.text(delivery.key.description)]
            ) { ($0.int(0) ?? 0, $0.int(1) ?? 0) }
            if let waiting, waiting.0 >= mostWaiting || waiting.1 >= mostWaitingBytes {
                delivery.giveUp("too many deliveries of this key wait already", at: delivery.created)
            }
        }
        try database.run(
            "INSERT OR REPLACE INTO deliveries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                .text(delivery.run.description), .text(delivery.key.description), .text(delivery.url),
                .blob(delivery.secret), .text(delivery.traceparent), .text(delivery.state.rawValue),
                .blob(delivery.body), .integer(delivery.body?.count ?? 0), .integer(delivery.attempts),
                .time(delivery.due), .integer(delivery.lastStatus), .text(delivery.lastProblem),
                .integer(delivery.created), .time(delivery.finished),
            ])
    }

    /// Who waits to hear of runs that were lost is told so.
    func releaseHeld(now: Int64) async throws(StorageFailure) {
        try await writer.write { database throws(StorageFailure) in
            try database.run(
                "UPDATE deliveries SET state = 'waiting', due = ? WHERE state = 'held'", [.integer(now)])
        }
    }

    func removeOldDeliveries(now: Int64) async throws(StorageFailure) {
        try await writer.write { database throws(StorageFailure) in
            try database.run(
                "DELETE FROM deliveries WHERE finished < ?", [.integer(now - Self.remembered)])
        }
    }
}

/// Rows of the table of deliveries.
enum DeliveryColumns {
    static let count: Int32 = 12
    static let list =
        "run, key, url, secret, trace, state, attempts, due, status, problem, created, finished"

    static func delivery(_ row: Row) -> WebhookDelivery? {
        guard let run = row.text(0).flatMap(RunID.init(parsing:)),
            let state = row.text(5).flatMap(WebhookDelivery.State.init(rawValue:))
        else { return nil }
        var delivery = WebhookDelivery(
            run: run, key: KeyID(row.text(1) ?? ""), url: row.text(2) ?? "", state: state,
            created: row.integer(10) ?? 0)
        delivery.secret = row.blob(3)
        delivery.traceparent = row.text(4)
        delivery.attempts = row.int(6) ?? 0
        delivery.due = row.integer(7)
        delivery.lastStatus = row.int(8)
        delivery.lastProblem = row.text(9)
        delivery.finished = row.integer(11)
        return delivery
    }
}
