internal import Domain
internal import JSON

/// Writes what keys used, and how many runs there were of what.
enum UsageEncoder {
    static func encode(_ usage: [KeyUsage], since: Int64, until: Int64) -> [UInt8] {
        var writer = JSONWriter(capacity: 256 * (usage.count + 1))
        writer.beginObject()
        writer.member("since", Timestamp.format(since))
        writer.member("until", Timestamp.format(until))
        writer.name("keys")
        writer.beginArray()
        for key in usage {
            writer.beginObject()
            writer.member("key", key.key.description)
            writer.member("runs", key.runs)
            writer.member("succeeded", key.succeeded)
            writer.name("cpu_ms")
            writer.milliseconds(key.cpu)
            writer.name("wall_ms")
            writer.milliseconds(key.wall)
            writer.member("output_bytes", key.outputBytes)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        return writer.bytes
    }

    static func encode(_ statistics: RunStatistics) -> [UInt8] {
        var writer = JSONWriter(capacity: 1_024)
        writer.beginObject()
        writer.member("runs", statistics.runs)
        writer.member("succeeded", statistics.succeeded)
        writer.name("success_rate")
        let rate = Double(statistics.succeeded) / Double(max(statistics.runs, 1))
        if statistics.runs > 0 { writer.value(rate) } else { writer.null() }
        writer.member("most_used_language", statistics.byLanguage.sorted(by: Self.isMore).first?.key)
        write("by_language", statistics.byLanguage, to: &writer)
        write("by_status", statistics.byStatus, to: &writer)
        write("by_key", statistics.byKey, to: &writer)
        writer.endObject()
        return writer.bytes
    }

    private static func write(_ name: StaticString, _ counts: [String: Int], to writer: inout JSONWriter) {
        writer.name(name)
        writer.beginObject()
        for (name, count) in counts.sorted(by: isMore) {
            writer.name(escaping: name)
            writer.value(count)
        }
        writer.endObject()
    }

    private static func isMore(_ one: (key: String, value: Int), _ other: (key: String, value: Int)) -> Bool {
        (other.value, one.key) < (one.value, other.key)
    }
}
