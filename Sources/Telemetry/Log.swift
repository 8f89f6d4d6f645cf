internal import Glibc

/// Key–value lines on standard error, one write each.
package struct Log: Sendable {
    package enum Level: Int, Sendable { case debug, info, warning, error }

    package var threshold: Level
    package var program: String

    package init(program: String, threshold: Level = .info) {
        self.program = program
        self.threshold = threshold
    }

    /// Writes `level=… program=… event=… key=value…`; values with spaces are quoted.
    package func callAsFunction(
        _ level: Level, _ event: String, _ fields: KeyValuePairs<String, String> = [:]
    ) {
        guard level.rawValue >= threshold.rawValue else { return }
        var line = "level=\(level) program=\(program) event=\(event)"
        for (key, value) in fields { line += " \(key)=\(Self.quoted(value))" }
        line += "\n"
        let bytes = Array(line.utf8)
        _ = write(2, bytes, bytes.count)
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
