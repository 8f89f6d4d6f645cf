internal import Domain
internal import JSON

/// Writes what a run might reach, as a request says it, and what it made of that.
enum NetworkEncoder {
    static func write(_ policy: NetworkPolicy, to writer: inout JSONWriter) {
        guard !policy.isNone else { return writer.value("none") }
        writer.beginObject()
        writer.name("allow")
        writer.beginArray()
        for endpoint in policy.allow { writer.value(endpoint.description) }
        writer.endArray()
        writer.endObject()
    }

    /// As the member `network`.
    static func write(_ use: NetworkUse, to writer: inout JSONWriter) {
        writer.name("network")
        writer.beginObject()
        for (name, count) in [
            ("connections", use.connections), ("failed", use.failed), ("sent_bytes", use.sent.bytes),
            ("received_bytes", use.received.bytes), ("denied", use.denied),
        ] {
            writer.name(escaping: name)
            writer.value(count)
        }
        writer.name("denials")
        writer.beginArray()
        for denial in use.denials { write(denial, to: &writer) }
        writer.endArray()
        writer.endObject()
    }

    static func encode(_ denial: NetworkDenial) -> [UInt8] {
        var writer = JSONWriter(capacity: 128)
        write(denial, to: &writer)
        return writer.bytes
    }

    private static func write(_ denial: NetworkDenial, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("target", denial.target)
        writer.member("reason", denial.reason.rawValue)
        writer.endObject()
    }
}
