internal import JSON
internal import Telemetry

/// Spans as OTLP 1 has them in JSON (opentelemetry-proto, `ExportTraceServiceRequest`): numbers of 64 bits are strings.
enum SpanEncoder {
    static func encode(_ spans: [Span], version: String) -> [UInt8] {
        var writer = JSONWriter(capacity: 512 + spans.count * 512)
        writer.beginObject()
        list("resourceSpans", &writer) { writer in
            writer.name("resource")
            writer.beginObject()
            attributes(
                [("service.name", .text("diatom")), ("service.version", .text(version))], &writer)
            writer.endObject()
            list("scopeSpans", &writer) { writer in
                writer.name("scope")
                writer.beginObject()
                writer.member("name", "diatom")
                writer.endObject()
                writer.name("spans")
                writer.beginArray()
                for span in spans { write(span, &writer) }
                writer.endArray()
            }
        }
        writer.endObject()
        return writer.bytes
    }

    private static func write(_ span: Span, _ writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("traceId", span.context.trace)
        writer.member("spanId", span.context.span)
        if let parent = span.parent { writer.member("parentSpanId", parent) }
        writer.member("name", span.name)
        writer.member("kind", span.kind.rawValue)
        writer.member("startTimeUnixNano", "\(span.start)")
        writer.member("endTimeUnixNano", "\(span.end)")
        attributes(span.attributes.map { ($0.name, $0.value) }, &writer)
        if let problem = span.problem {
            writer.name("status")
            writer.beginObject()
            writer.member("code", 2)
            writer.member("message", problem)
            writer.endObject()
        }
        writer.endObject()
    }

    private static func attributes(_ pairs: [(String, Span.Value)], _ writer: inout JSONWriter) {
        writer.name("attributes")
        writer.beginArray()
        for (name, value) in pairs {
            writer.beginObject()
            writer.member("key", name)
            writer.name("value")
            writer.beginObject()
            switch value {
            case .text(let text): writer.member("stringValue", text)
            case .number(let number): writer.member("intValue", "\(number)")
            }
            writer.endObject()
            writer.endObject()
        }
        writer.endArray()
    }

    /// A list of one object.
    private static func list(
        _ name: StaticString, _ writer: inout JSONWriter, _ content: (inout JSONWriter) -> Void
    ) {
        writer.name(name)
        writer.beginArray()
        writer.beginObject()
        content(&writer)
        writer.endObject()
        writer.endArray()
    }
}
