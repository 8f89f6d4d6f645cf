internal import Domain
internal import Glibc
internal import Records
internal import Testing

/// Nothing that was written into the audit log can be changed unseen.
@Suite(.timeLimit(.minutes(2)))
struct AuditTests {
    private func fill(_ records: Records, _ count: Int) async throws {
        for index in 0..<count {
            var event = AuditEvent(
                .runEnded, level: index % 3 == 0 ? .warning : .info, key: KeyID("key_\(index % 2)"))
            event.user = index % 2 == 0 ? "ada" : nil
            event.note = "n\(index)"
            try await records.append(event)
        }
    }

    @Test(arguments: [
        ("UPDATE audit SET note = 'other' WHERE number = 5", 5),
        ("UPDATE audit SET user = NULL WHERE number = 7", 7),
        ("UPDATE audit SET level = 'info', kind = 'key.created' WHERE number = 4", 4),
        ("UPDATE audit SET time = time + 1 WHERE number = 1", 1),
        ("UPDATE audit SET hash = zeroblob(32) WHERE number = 3", 3),
        ("UPDATE audit SET kind = 'nothing.known' WHERE number = 3", 3),
        ("DELETE FROM audit WHERE number = 6", 6),
        ("DELETE FROM audit WHERE number = 1", 1),
        ("DELETE FROM audit WHERE number > 15", 16),
        ("DELETE FROM audit", 1),
        ("UPDATE audit SET number = 100 WHERE number = 20", 20),
        ("UPDATE heads SET signature = zeroblob(64)", 10),
        ("UPDATE heads SET signer = zeroblob(32)", 10),
        ("UPDATE heads SET hash = zeroblob(32) WHERE number = 20", 20),
        ("UPDATE heads SET time = 0", 10),
    ])
    func `what is altered shows, and where`(_ damage: String, _ number: Int64) async throws {
        var settings = RecordSettings()
        settings.entriesPerHead = 10
        try await withRecords(settings: settings) { records, folder in
            try await fill(records, 20)
            #expect(try await records.verify() == .intact(entries: 20, heads: 2))
            try sqlite(folder + "/records.db", damage)
            guard case .broken(let at, _) = try await records.verify() else {
                Issue.record("\(damage) was not seen")
                return
            }
            #expect(at == number)
        }
    }

    @Test func `the chain goes on after the store was closed, and signs its end`() async throws {
        try await withFolder { folder in
            for round in 1...3 {
                let records = try await Records(folder: folder)
                try await fill(records, 5)
                #expect(try await records.verify() == .intact(entries: Int64(round * 5), heads: round - 1))
                await records.close()
            }
        }
    }

    @Test func `entries are filtered`() async throws {
        try await withRecords { records, _ in
            try await fill(records, 12)
            var filter = AuditFilter()
            filter.user = "ada"
            #expect(try await records.entries(filter, after: 0, most: 100).count == 6)
            filter.level = .warning
            #expect(try await records.entries(filter, after: 0, most: 100).map(\.number) == [1, 7])
            #expect(try await records.entries(filter, after: 1, most: 100).map(\.number) == [7])
            filter = AuditFilter()
            filter.key = KeyID("key_1")
            filter.kind = .keyCreated
            #expect(try await records.entries(filter, after: 0, most: 100).isEmpty)
            let all = try await records.entries(AuditFilter(), after: 0, most: 100)
            for (one, next) in zip(all, all.dropFirst()) { #expect(next.previous == one.hash) }
        }
    }
}
