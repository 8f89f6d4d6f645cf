internal import Domain
internal import JSON

/// Writes entries of the audit log as JSON.
enum AuditEncoder {
    static func encode(_ entries: [AuditEntry], isLast: Bool) -> [UInt8] {
        var writer = JSONWriter(capacity: 512 * (entries.count + 1))
        writer.beginObject()
        writer.name("entries")
        writer.beginArray()
        for entry in entries { write(entry, to: &writer) }
        writer.endArray()
        writer.member("next", isLast ? nil : entries.last.map { Int($0.number) })
        writer.endObject()
        return writer.bytes
    }

    static func encode(_ verdict: AuditVerdict) -> [UInt8] {
        var writer = JSONWriter(capacity: 128)
        writer.beginObject()
        switch verdict {
        case .intact(let entries, let heads):
            writer.member("intact", true)
            writer.member("entries", Int(entries))
            writer.member("signed_heads", heads)
        case .broken(let number, let why):
            writer.member("intact", false)
            writer.member("broken_at", Int(number))
            writer.member("why", why)
        }
        writer.endObject()
        return writer.bytes
    }

    static func write(_ entry: AuditEntry, to writer: inout JSONWriter) {
        let event = entry.event
        writer.beginObject()
        writer.member("number", Int(entry.number))
        writer.member("time", Timestamp.format(event.time))
        writer.member("level", event.level.rawValue)
        writer.member("kind", event.kind.rawValue)
        writer.member("key", event.key.description)
        writer.member("user", event.user)
        writer.member("subject", event.subject)
        writer.member("status", event.status?.rawValue)
        writer.member("language", event.language)
        writer.member("policy", event.policy)
        writer.member("note", event.note)
        writer.member("previous", entry.previous)
        writer.member("hash", entry.hash)
        writer.endObject()
    }
}
