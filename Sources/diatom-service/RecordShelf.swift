internal import API
internal import Domain
internal import Records
internal import Telemetry

/// The service's store, opened and tended.
struct RecordShelf {
    /// How often what is too old is looked for, and the head of the audit log signed.
    private static let sweepSeconds = 60

    let records: Records?
    let access: AccessControl
    private let sweeping: Task<Void, Never>?

    static func open(_ options: ServiceOptions, _ health: Health, _ log: Log) async throws(StorageFailure)
        -> RecordShelf
    {
        guard options.keepsRecords else {
            // Keys that cannot be looked up still keep everybody out.
            let hadStore = Records.exist(in: options.data)
            if hadStore { log(.warning, "keys_unavailable", ["help": "--history yes, or use the socket"]) }
            return RecordShelf(
                records: nil, access: AccessControl(keys: nil, hasKeys: hadStore), sweeping: nil)
        }
        let records = try await Records(folder: options.data, settings: options.records)
        let lost = try await records.loseInterrupted()
        if lost > 0 { log(.warning, "runs_lost", ["count": "\(lost)"]) }
        try await records.append(AuditEvent(.serviceStarted, key: .local))
        let sweeping = Task {
            while (try? await Task.sleep(for: .seconds(sweepSeconds))) != nil {
                guard health.trustsClock() else { continue }
                do throws(StorageFailure) { try await records.sweep() } catch {
                    log(.error, "sweep_failed", ["why": error.message])
                }
            }
        }
        let hasKeys = try await records.hasKeys()
        return RecordShelf(
            records: records, access: AccessControl(keys: records, hasKeys: hasKeys), sweeping: sweeping)
    }

    var ports: ServiceRecords {
        var ports = ServiceRecords()
        guard let records else { return ports }
        ports.keys = records
        ports.history = records
        ports.audit = records
        if records.settings.mostResultBytes.bytes > 0 { ports.results = records }
        ports.trouble = { records.trouble }
        return ports
    }

    /// The CPU time that keys used since midnight UTC.
    func usedToday() async -> [(KeyID, Duration)] {
        let now = WallClock.now()
        let day: Int64 = 86_400_000_000_000
        let usage = try? await records?.usage(since: now / day * day, until: now)
        return (usage ?? []).map { ($0.key, $0.cpu) }
    }

    func close() async {
        sweeping?.cancel()
        guard let records else { return }
        _ = try? await records.append(AuditEvent(.serviceStopped, key: .local))
        await records.close()
    }
}
