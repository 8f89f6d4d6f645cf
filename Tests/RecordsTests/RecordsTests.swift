internal import CSQLite
internal import Domain
internal import Glibc
internal import Records
internal import Synchronization
internal import Testing

@Suite(.timeLimit(.minutes(2)))
struct RecordsTests {
    @Test func `keys are found by their secret's hash, changed, and listed`() async throws {
        try await withRecords { records, _ in
            #expect(try await !records.hasKeys())
            var key = APIKey(
                id: .make(), name: "first", scopes: [.run, .metrics], allowance: KeyAllowance(),
                prefix: "dtm_12345678", created: 5)
            key.user = "ada"
            key.allowance.rate = KeyAllowance.Rate(count: 10, per: .seconds(1))
            key.allowance.concurrency = 4
            key.allowance.dailyCPU = .seconds(3_600)
            key.allowance.memory = .mebibytes(512)
            key.allowance.wall = .seconds(7)
            key.allowance.allowsNetwork = false
            key.allowance.languages = ["python", "javascript"]
            key.allowance.weight = 7
            key.expires = 99
            try await records.add(key, secretHash: [1, 2, 3])
            #expect(try await records.find(secretHash: [1, 2, 3]) == key)
            #expect(try await records.find(secretHash: [1, 2]) == nil)
            let changed = try await records.change(key.id) { $0.revoked = 7 }
            #expect(changed?.revoked == 7)
            #expect(try await records.change(KeyID("key_0")) { $0.name = "x" } == nil)
            #expect(try await records.keys().map(\.revoked) == [7])
            #expect(try await records.hasKeys())
            await #expect(throws: StorageFailure.self) { try await records.add(key, secretHash: [9]) }
        }
    }

    @Test func `a run is kept with what it gave back`() async throws {
        try await withRecords { records, _ in
            var kept = record()
            kept.exitCode = 3
            kept.signal = 9
            kept.limit = "memory_mb"
            kept.memoryPeak = ByteCount(bytes: 1_000)
            let file = CollectedFile(
                path: try WorkspacePath(parsing: "out/a.png"), content: [1, 2, 3], executable: false)
            try await records.end(kept, files: [file], audit: ended(kept))
            let found = try #require(try await records.run(kept.id))
            #expect(found.result == kept.result && found.request == kept.request)
            #expect(found.exitCode == 3 && found.signal == 9 && found.limit == "memory_mb")
            let artifact = try #require(found.artifacts.first)
            #expect(artifact.type == "image/png" && artifact.size.bytes == 3)
            #expect(try await records.content(of: artifact) == [1, 2, 3])
            #expect(try await records.remove(kept.id, audit: ended(kept)))
            #expect(try await records.run(kept.id) == nil)
            #expect(try await records.content(of: artifact) == nil)
            #expect(try await !records.remove(kept.id, audit: ended(kept)))
            #expect(try await records.verify() == .intact(entries: 2, heads: 0))
        }
    }

    @Test func `a content that two runs share outlives one of them`() async throws {
        try await withRecords { records, _ in
            let (one, other) = (record(), record())
            let file = CollectedFile(path: try WorkspacePath(parsing: "a"), content: [7], executable: false)
            for run in [one, other] { try await records.end(run, files: [file], audit: ended(run)) }
            _ = try await records.remove(one.id, audit: ended(one))
            let artifact = try #require(try await records.run(other.id)?.artifacts.first)
            #expect(try await records.content(of: artifact) == [7])
        }
    }

    @Test func `pages are in order, filtered, and complete`() async throws {
        try await withRecords { records, _ in
            for index in 0..<25 {
                var run = record(
                    index % 2 == 0 ? "key_1" : "key_2", created: Int64(index + 1) * 1_000_000_000)
                if index % 5 == 0 { run.status = .failed }
                try await records.end(run, files: [], audit: ended(run))
            }
            var filter = RunFilter()
            filter.key = KeyID("key_1")
            var seen: [RunRecord] = []
            var cursor: RunID?
            repeat {
                let page = try await records.runs(filter, after: cursor, most: 4)
                seen += page.runs
                cursor = page.next
            } while cursor != nil
            #expect(seen.count == 13)
            #expect(seen.map(\.created) == seen.map(\.created).sorted(by: >))
            filter.status = .failed
            filter.since = 10_000_000_000
            #expect(try await records.runs(filter, after: nil, most: 100).runs.count == 2)
            let usage = try await records.usage(since: 0, until: 100_000_000_000)
            #expect(usage.map(\.runs) == [13, 12])
            #expect(usage.first?.cpu == .milliseconds(39))
            #expect(try await records.statistics(RunFilter()).byStatus == ["succeeded": 20, "failed": 5])
        }
    }

    @Test func `a run that is not listed counts, and is not there`() async throws {
        try await withRecords { records, _ in
            var run = record()
            run.isListed = false
            try await records.end(run, files: [], audit: ended(run))
            #expect(try await records.run(run.id) == nil)
            #expect(try await records.statistics(RunFilter()).runs == 1)
        }
    }

    @Test func `what was under way when the service died is lost`() async throws {
        try await withFolder { folder in
            var run = record()
            run.state = .running
            run.status = nil
            let first = try await Records(folder: folder)
            try await first.begin(run)
            await first.close()
            let second = try await Records(folder: folder)
            #expect(try await second.loseInterrupted() == 1)
            #expect(try await second.loseInterrupted() == 0)
            #expect(try await second.run(run.id)?.state == .lost)
            #expect(
                try await second.entries(AuditFilter(), after: 0, most: 9).last?.event.status == .engineFailed
            )
            await second.close()
        }
    }

    @Test func `writes of many at once are all there`() async throws {
        try await withRecords { records, _ in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<500 {
                    group.addTask {
                        let run = record("key_\(index % 7)")
                        try await records.end(run, files: [], audit: ended(run))
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await records.statistics(RunFilter()).runs == 500)
            #expect(try await records.verify() == .intact(entries: 500, heads: 0))
        }
    }

    @Test func `one write that fails undoes itself alone`() async throws {
        try await withRecords { records, _ in
            let key = APIKey(
                id: .make(), name: "k", scopes: [], allowance: KeyAllowance(), prefix: "", created: 0)
            try await records.add(key, secretHash: [1])
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<20 {
                    group.addTask { try? await records.add(key, secretHash: [2]) }
                    group.addTask {
                        let run = record()
                        try? await records.end(run, files: [], audit: ended(run))
                    }
                }
            }
            #expect(try await records.statistics(RunFilter()).runs == 20)
            #expect(records.trouble == nil)
        }
    }

    @Test func `what is too old or too much goes, the oldest first`() async throws {
        var settings = RecordSettings()
        settings.mostAge = .seconds(100)
        settings.mostBytes = ByteCount(bytes: 20 * 1_000)
        try await withRecords(settings: settings) { records, _ in
            let now: Int64 = 1_000_000_000_000
            for index in 0..<50 {
                var run = record(created: now - Int64(index) * 3_000_000_000)
                run.request = nil
                run.result = [UInt8](repeating: 0x20, count: 1_000)
                try await records.end(run, files: [], audit: ended(run))
            }
            #expect(try await records.sweep(now: now) > 0)
            let left = try await records.runs(RunFilter(), after: nil, most: 100).runs
            #expect(left.count <= 20 && left.allSatisfy { $0.created > now - 100_000_000_000 })
            #expect(try await records.verify() == .intact(entries: 51, heads: 1))
        }
    }

    @Test func `a file of another program, or of a newer version, is refused`() async throws {
        for sql in ["CREATE TABLE x (y)", "PRAGMA application_id = 1685351762; PRAGMA user_version = 999"] {
            try await withFolder { folder in
                try sqlite(folder + "/records.db", sql)
                await #expect(throws: StorageFailure.self) { _ = try await Records(folder: folder) }
            }
        }
    }

    @Test func `a backup holds everything, and is checked`() async throws {
        try await withRecords { records, folder in
            let run = record()
            let file = CollectedFile(
                path: try WorkspacePath(parsing: "a"), content: [7, 8], executable: false)
            try await records.end(run, files: [file], audit: ended(run))
            let backup = folder + "/backup"
            try await records.backUp(to: backup)
            await #expect(throws: StorageFailure.self) { try await records.backUp(to: backup) }
            try await withFolder { other in
                #expect(
                    try Records.restore(from: backup, to: other, replaces: false)
                        == .intact(entries: 1, heads: 0))
                let restored = try await Records(folder: other)
                let artifact = try #require(try await restored.run(run.id)?.artifacts.first)
                #expect(try await restored.content(of: artifact) == [7, 8])
                #expect(restored.publicKey == records.publicKey)
                await restored.close()
                #expect(throws: StorageFailure.self) {
                    try Records.restore(from: backup, to: other, replaces: false)
                }
                try Records.restore(from: backup, to: other, replaces: true)
            }
            for damage in [
                "UPDATE audit SET note = 'x'",
                "UPDATE backup_files SET content = x'00' WHERE name != 'audit.key'",
                "DELETE FROM backup_files", "PRAGMA application_id = 1",
            ] {
                let copy = folder + "/damaged"
                try await records.backUp(to: copy)
                try sqlite(copy, damage)
                try await withFolder { other in
                    #expect(throws: StorageFailure.self, "\(damage)") {
                        try Records.restore(from: copy, to: other, replaces: false)
                    }
                }
                unlink(copy)
            }
        }
    }
}

/// Does something to a database by another connection.
func sqlite(_ path: String, _ sql: String) throws {
    var handle: OpaquePointer?
    defer { sqlite3_close(handle) }
    guard sqlite3_open(path, &handle) == SQLITE_OK, sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK
    else {
        throw StorageFailure(String(cString: sqlite3_errmsg(handle)))
    }
}
