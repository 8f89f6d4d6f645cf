internal import Domain
internal import JSON

/// An answer of before, given again under another id.
struct CachedAnswer {
    /// As the new run's client gets it: its own id and time, `cached`, and the usage of the run that was.
    let body: [UInt8]
    let record: RunRecord
    /// What the run that was gave back.
    let files: [CollectedFile]

    /// Nil where the bytes are no answer.
    init?(_ bytes: [UInt8], id: RunID, order: RunOrder, now: Int64) {
        guard let value = try? JSONParser.parse(bytes), case .object(let object) = value,
            case .string(let status) = object["status"], let status = RunStatus(rawValue: status),
            case .string(let language) = object["language"]
        else { return nil }
        var writer = JSONWriter(capacity: bytes.count)
        writer.beginObject()
        for member in object.members {
            writer.name(escaping: member.name)
            switch member.name {
            case "id": writer.value(id.description)
            case "cached": writer.value(true)
            case "queue_ms": writer.milliseconds(.zero)
            case "created_at": writer.value(Timestamp.format(now))
            default: writer.value(member.value)
            }
        }
        writer.endObject()
        body = writer.bytes
        files = Self.files(object["files"])
        var record = RunRecord(
            id: id, key: order.principal.key, state: .ended, language: language, created: now)
        record.cached = true
        record.status = status
        record.ended = now
        // Nothing was used.
        (record.wall, record.cpu) = (.zero, .zero)
        if case .string(let version) = object["version"] { record.version = version }
        if case .number(let code) = object["exit_code"] {
            record.exitCode = code.integer.flatMap(Int32.init(exactly:))
        }
        record.httpStatus = 200
        self.record = record
    }

    private static func files(_ value: JSONValue?) -> [CollectedFile] {
        guard case .array(let entries) = value else { return [] }
        return entries.compactMap { entry in
            guard case .object(let file) = entry, case .string(let name) = file["path"],
                let path = try? WorkspacePath(parsing: name), case .object(let content) = file["content"],
                case .string(let text) = content["base64"], let bytes = Base64.decode(text)
            else { return nil }
            return CollectedFile(path: path, content: bytes, executable: false)
        }
    }

    /// Of how it ended, only what the program itself did is the same the next time.
    static func mayKeep(_ result: RunResult) -> Bool {
        let own: Set<RunStatus> = [.succeeded, .failed, .compileFailed]
        return result.failure == nil
            && ([result] + result.runs).allSatisfy { own.contains($0.verdict.status) }
    }
}
