internal import Glibc
internal import JSON

/// Lines on standard error, one write each: of keys and values, or JSON objects.
package struct Log: Sendable {
    package enum Level: Int, Sendable { case debug, info, warning, error }
    package enum Format: String, Sendable { case text, json }

    package var threshold: Level
    package var program: String
    package var format: Format

    package init(program: String, threshold: Level = .info, format: Format = .text) {
        self.format = format
        self.program = program
        self.threshold = threshold
    }

    /// Writes `level=… program=… event=… key=value…`, values with spaces quoted; or an object of the same members, and the time.
    package func callAsFunction(
        _ level: Level, _ event: String, _ fields: KeyValuePairs<String, String> = [:]
    ) {
        guard level.rawValue >= threshold.rawValue else { return }
        let bytes = format == .json ? object(level, event, fields) : text(level, event, fields)
        _ = write(2, bytes, bytes.count)
    }

    private func text(
        _ level: Level, _ event: String, _ fields: KeyValuePairs<String, String>
    ) -> [UInt8] {
        var line = "level=\(level) program=\(program) event=\(event)"
        for (key, value) in fields { line += " \(key)=\(Self.quoted(value))" }
        return Array((line + "\n").utf8)
    }

    private func object(
        _ level: Level, _ event: String, _ fields: KeyValuePairs<String, String>
    ) -> [UInt8] {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var writer = JSONWriter(capacity: 256)
        writer.beginObject()
        writer.member("time", Double(now.tv_sec) + Double(now.tv_nsec / 1_000_000) / 1e3)
        writer.member("level", "\(level)")
        writer.member("program", program)
        writer.member("event", event)
        for (key, value) in fields {
            writer.name(escaping: key)
            writer.value(value)
        }
        writer.endObject()
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    private static func quoted(_ value: String) -> String {
        guard value.utf8.contains(where: { $0 <= 0x20 || $0 == UInt8(ascii: "\"") || $0 == 0x7f }) else {
            return value
        }
        return "\""
            + String(
                value.unicodeScalars.map { scalar in
                    switch scalar {
                    case "\"": "'"
                    case _ where scalar.value < 0x20 || scalar.value == 0x7f: " "
                    default: Character(scalar)
                    }
                }) + "\""
    }
}
