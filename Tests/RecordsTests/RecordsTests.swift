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

    @Test func `answers are found again until they are old or make room for others`() async throws {
        var settings = RecordSettings()
        settings.mostResultBytes = ByteCount(bytes: 1_000)
        settings.mostResultAge = .seconds(10)
        try await withRecords(settings: settings) { records, _ in
            let second: Int64 = 1_000_000_000
            let answer = [UInt8](repeating: 7, count: 20)
            for number in 0..<40 {
                try await records.keep(answer, at: "a\(number)", for: .local, now: Int64(number))
                // Used again and again, so others go before it.
                #expect(try await records.find("a0", now: Int64(number)) == answer)
            }
            for number in 40..<60 {
                try await records.keep(answer, at: "a\(number)", for: .local, now: Int64(number))
            }
            #expect(try await records.find("a0", now: 60) == answer)
            #expect(try await records.find("a1", now: 60) == nil)
            #expect(try await records.find("a59", now: 60) == answer)
            try await records.keep(
                [UInt8](repeating: 7, count: 1_001), at: "large", for: .local, now: 61)
            #expect(try await records.find("large", now: 61) == nil)
            #expect(try await records.find("a59", now: 11 * second) == nil)
            try await records.sweep(now: 11 * second)
            #expect(try await records.find("a59", now: 60) == nil)
        }
    }

    private func delivery(
        _ run: RunRecord, due: Int64?, state: WebhookDelivery.State = .waiting
    ) -> WebhookDelivery {
        var delivery = WebhookDelivery(
            run: run.id, key: run.key, url: "https://example.org/", state: state, created: 1)
        (delivery.due, delivery.secret, delivery.traceparent) = (due, [1, 2], "00-a")
        delivery.body = state == .waiting ? Array("{}".utf8) : nil
        return delivery
    }

    private func keep(
        _ key: String, due: Int64, in records: Records
    ) async throws -> WebhookDelivery {
        var run = record(key)
        let delivery = delivery(run, due: due)
        run.delivery = delivery
        try await records.end(run, files: [], audit: ended(run))
        return delivery
    }

    @Test func `deliveries are taken when they are due, a few of each key`() async throws {
        try await withRecords { records, _ in
            var flood: [RunID] = []
            for number in 0..<6 { flood.append(try await keep("key_1", due: Int64(number), in: records).run) }
            let other = try await keep("key_2", due: 50, in: records)
            _ = try await keep("key_3", due: 1_000, in: records)
            #expect(try await records.nextDue() == 0)
            let taken = try await records.takeDue(now: 100, lease: 500, most: 8, mostOfKey: 2)
            #expect(taken.map(\.run) == Array(flood.prefix(2)) + [other.run])
            #expect(
                taken.last
                    == {
                        var same = other; same.due = 50; return same
                    }())
            // Taken for a while: nobody else takes them, and after it somebody does.
            #expect(
                try await records.takeDue(now: 100, lease: 500, most: 8, mostOfKey: 2).map(\.run)
                    == Array(flood[2..<4]))
            #expect(
                try await records.takeDue(now: 499, lease: 900, most: 8, mostOfKey: 9).map(\.run)
                    == Array(flood[4...]))
            #expect(
                try await records.takeDue(now: 501, lease: 900, most: 9, mostOfKey: 9).contains {
                    $0.run == other.run
                })
        }
    }

    @Test func `what is over is kept without what was secret, and for a week`() async throws {
        try await withRecords { records, _ in
            var one = try await keep("key_1", due: 0, in: records)
            (one.state, one.attempts, one.lastStatus, one.finished, one.due) = (.delivered, 2, 204, 9, nil)
            try await records.note(one)
            let kept = try await records.delivery(of: one.run)
            #expect(
                kept?.state == .delivered && kept?.attempts == 2 && kept?.lastStatus == 204
                    && kept?.body == nil)
            #expect(try await records.nextDue() == nil)
            let week: Int64 = 7 * 86_400_000_000_000
            try await records.sweep(now: week)
            #expect(try await records.delivery(of: one.run) != nil)
            try await records.sweep(now: week + 100)
            #expect(try await records.delivery(of: one.run) == nil)
        }
    }

    @Test func `who waits to hear of a run that was lost is told, and removed runs are told of to nobody`()
        async throws
    {
        try await withRecords { records, _ in
            var run = record("key_1")
            run.state = .running
            run.delivery = delivery(run, due: nil, state: .held)
            try await records.begin(run)
            #expect(try await records.nextDue() == nil)
            #expect(try await records.loseInterrupted() == 1)
            let due = try await records.takeDue(now: WallClock.now(), lease: .max, most: 9, mostOfKey: 9)
            #expect(due.map(\.run) == [run.id] && due.first?.body == nil)
            var gone = record("key_1")
            gone.delivery = delivery(gone, due: 0)
            try await records.end(gone, files: [], audit: ended(gone))
            _ = try await records.remove(gone.id, audit: ended(gone))
            #expect(try await records.delivery(of: gone.id) == nil)
        }
    }

    @Test func `webhooks are signed by a key of their own, which a backup brings back`() async throws {
        try await withRecords { records, folder in
            #expect(Hexadecimal.encode(records.webhookKey) != records.publicKey)
            #expect(records.sign([1, 2, 3]).count == 64)
            try await records.backUp(to: folder + "/b")
            try await withFolder { other in
                try Records.restore(from: folder + "/b", to: other, replaces: false)
                let restored = try await Records(folder: other)
                #expect(restored.webhookKey == records.webhookKey)
                await restored.close()
            }
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
