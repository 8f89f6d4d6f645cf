/// How to ask a language's program for its version, and where the number stands in the answer.
package struct VersionProbe: Hashable, Sendable {
    package var command: CommandTemplate
    /// The text before the number; nil when the answer begins with it.
    package var after: String?
    /// Whether the answer has the day on which the version came out, as the first that is written `2025-04-15`.
    package var isDated: Bool

    package init(command: CommandTemplate, after: String?, isDated: Bool = false) {
        self.command = command
        self.after = after
        self.isDated = isDated
    }

    /// Reads the number out of what the command printed, standard output and error alike.
    ///
    /// - Returns: At most 64 characters; nil when there is no number where one should be.
    package func read(from output: some Sequence<UInt8>) -> String? {
        var rest = Array(output.prefix(4096))[...]
        if let after {
            let mark = Array(after.utf8)
            while !rest.starts(with: mark) {
                guard !rest.isEmpty else { return nil }
                rest.removeFirst()
            }
            rest.removeFirst(mark.count)
        }
        let number = rest.prefix(64).prefix(while: Self.isPart)
        guard let first = number.first, first &- UInt8(ascii: "0") < 10 else { return nil }
        return String(decoding: number, as: UTF8.self)
    }

    private static func isPart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "_"): true
        default: false
        }
    }
}

extension VersionProbe {
    static let members = ["command", "after", "dated"]

    init(reading pack: PackReader) throws(PackReader.Wrong) {
        command = try CommandTemplate(reading: pack, "command")
        after = try pack.optionalText("after")
        isDated = try pack.flag("dated")
    }
}
