internal import Domain
internal import Glibc
internal import Records

/// A folder of a test's own, with a store in it.
func withRecords(
    settings: RecordSettings = RecordSettings(), _ body: (Records, String) async throws -> Void
) async throws {
    try await withFolder { folder in
        let records = try await Records(folder: folder, settings: settings)
        do { try await body(records, folder) } catch {
            await records.close()
            throw error
        }
        await records.close()
    }
}

func withFolder(_ body: (String) async throws -> Void) async throws {
    var template = Array("/tmp/records.XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw StorageFailure("mkdtemp") }
    let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { removeTree(folder) }
    try await body(folder)
}

/// Only what a test made itself: two levels of folders, and nothing by way of a link.
private func removeTree(_ path: String, depth: Int = 0) {
    guard path.hasPrefix("/tmp/records."), depth < 4 else { return }
    if let folder = opendir(path) {
        defer { closedir(folder) }
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name == "." || name == ".." { continue }
            if entry.pointee.d_type == UInt8(DT_DIR) { removeTree(path + "/" + name, depth: depth + 1) }
            unlink(path + "/" + name)
        }
    }
    rmdir(path)
}

func record(_ key: String = "key_1", created: Int64 = WallClock.now()) -> RunRecord {
    var record = RunRecord(
        id: RunID(milliseconds: UInt64(created / 1_000_000), random: SystemRandomNumberGenerator()),
        key: KeyID(key), state: .ended, language: "python", created: created)
    record.status = .succeeded
    record.ended = created
    record.cpu = .milliseconds(3)
    record.wall = .milliseconds(5)
    record.request = Array(#"{"language":"python"}"#.utf8)
    record.result = Array(#"{"stdout":"hello"}"#.utf8)
    record.httpStatus = 200
    return record
}

func ended(_ record: RunRecord) -> AuditEvent {
    var event = AuditEvent(.runEnded, key: record.key)
    event.subject = record.id.description
    event.status = record.status
    event.language = record.language
    return event
}
