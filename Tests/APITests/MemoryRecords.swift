internal import Domain
internal import Synchronization

/// A store that remembers, and fails when it is told to.
final class MemoryRecords: KeyStore, RunHistory, AuditLog {
    struct State {
        var keys: [(key: APIKey, hash: [UInt8])] = []
        var runs: [RunID: RunRecord] = [:]
        var contents: [String: [UInt8]] = [:]
        var events: [AuditEvent] = []
        var isBroken = false
    }

    let state = Mutex(State())

    private func use<Value: Sendable>(
        _ body: (inout sending State) -> sending Value
    ) throws(StorageFailure) -> Value {
        let value: Value? = state.withLock { $0.isBroken ? nil : body(&$0) }
        guard let value else { throw StorageFailure("broken for a test") }
        return value
    }

    func add(_ key: APIKey, secretHash: [UInt8]) throws(StorageFailure) {
        try use { $0.keys.append((key, secretHash)) }
    }

    func find(secretHash: [UInt8]) throws(StorageFailure) -> APIKey? {
        try use { state in state.keys.first { $0.hash == secretHash }?.key }
    }

    func keys() throws(StorageFailure) -> [APIKey] { try use { $0.keys.map(\.key) } }

    func change(
        _ id: KeyID, _ change: @escaping @Sendable (inout APIKey) -> Void
    ) throws(StorageFailure) -> APIKey? {
        try use { state in
            guard let index = state.keys.firstIndex(where: { $0.key.id == id }) else { return nil }
            change(&state.keys[index].key)
            return state.keys[index].key
        }
    }

    func begin(_ record: RunRecord) throws(StorageFailure) { try use { $0.runs[record.id] = record } }

    func end(
        _ record: RunRecord, files: [CollectedFile], audit: AuditEvent
    ) throws(StorageFailure) {
        try use { state in
            var record = record
            for (index, file) in files.enumerated() {
                let hash = "\(record.id)-\(index)"
                state.contents[hash] = file.content
                record.artifacts.append(
                    Artifact(
                        path: file.path.description, type: "text/plain",
                        size: ByteCount(bytes: file.content.count), sha256: hash))
            }
            state.runs[record.id] = record
            state.events.append(audit)
        }
    }

    func run(_ id: RunID) throws(StorageFailure) -> RunRecord? { try use { $0.runs[id] } }

    func runs(
        _ filter: RunFilter, after cursor: RunID?, most: Int
    ) throws(StorageFailure) -> RunPage {
        try use { state in
            let all = state.runs.values.sorted { $0.id.description > $1.id.description }
            let wanted = all.filter { run in
                run.isListed && (filter.key == nil || run.key == filter.key)
                    && (filter.status == nil || run.status == filter.status)
                    && (cursor.map { run.id.description < $0.description } ?? true)
            }
            let page = Array(wanted.prefix(most))
            return RunPage(runs: page, next: wanted.count > most ? page.last?.id : nil)
        }
    }

    func content(of artifact: Artifact) throws(StorageFailure) -> [UInt8]? {
        try use { $0.contents[artifact.sha256] }
    }

    func remove(_ id: RunID, audit: AuditEvent) throws(StorageFailure) -> Bool {
        try use { state in
            state.events.append(audit)
            return state.runs.removeValue(forKey: id) != nil
        }
    }

    func usage(since: Int64, until: Int64) throws(StorageFailure) -> [KeyUsage] {
        try use { state in
            Dictionary(grouping: state.runs.values, by: \.key).map { key, runs in
                var usage = KeyUsage(key: key)
                usage.runs = runs.count
                return usage
            }
        }
    }

    func statistics(_ filter: RunFilter) throws(StorageFailure) -> RunStatistics {
        try use { state in
            var statistics = RunStatistics()
            for run in state.runs.values where filter.key == nil || run.key == filter.key {
                statistics.runs += 1
                statistics.byLanguage[run.language, default: 0] += 1
            }
            return statistics
        }
    }

    func append(_ event: AuditEvent) throws(StorageFailure) { try use { $0.events.append(event) } }

    func entries(
        _ filter: AuditFilter, after: Int64, most: Int
    ) throws(StorageFailure) -> [AuditEntry] {
        try use { state in
            let all = state.events.enumerated().map { index, event in
                AuditEntry(number: Int64(index + 1), event: event, previous: "p", hash: "h")
            }
            return Array(all.filter { $0.number > after }.prefix(most))
        }
    }

    func verify() throws(StorageFailure) -> AuditVerdict {
        .intact(entries: try use { Int64($0.events.count) }, heads: 0)
    }
}
