/// A line with gaps: `{file}:{line}:{column}: error: {message}`.
///
/// Gaps are `{file}`, `{line}`, `{column}`, `{name}`, `{message}` and `{*}` (anything). Each reaches to the
/// next place where the text after it stands, with a `>` before the brace to the last such place, and the
/// last one to the end of the line. There is no going back: matching costs time in proportion to the line,
/// whatever a guest prints.
package struct LinePattern: Hashable, Sendable {
    package enum Gap: String, Hashable, Sendable { case file, line, column, name, message, anything = "*" }

    package struct Captures: Hashable, Sendable {
        package var file: String?
        package var line: Int?
        package var column: Int?
        /// Without the modules, packages or namespaces before it.
        package var name: String?
        package var message = ""
    }

    package enum Invalid: Error, Hashable {
        case unknownGap(String)
        case gapsTouch(String)
    }

    /// The text before the first gap, then each gap with the text after it.
    private let lead: [UInt8]
    private let steps: [Step]

    private struct Step: Hashable {
        var gap: Gap
        var until: [UInt8]
        /// Whether the gap reaches to the last place where the text after it stands.
        var reachesFar: Bool
    }

    package init(parsing text: String) throws(Invalid) {
        var parts = text.split(separator: "{", omittingEmptySubsequences: false)
        lead = Array(parts.removeFirst().utf8)
        var steps: [Step] = []
        for (index, part) in parts.enumerated() {
            let halves = part.split(separator: "}", maxSplits: 1, omittingEmptySubsequences: false)
            let reachesFar = halves[0].hasSuffix(">")
            guard halves.count == 2, let gap = Gap(rawValue: String(halves[0].dropLast(reachesFar ? 1 : 0)))
            else { throw .unknownGap(String(part)) }
            if halves[1].isEmpty && index < parts.count - 1 { throw .gapsTouch(text) }
            steps.append(Step(gap: gap, until: Array(halves[1].utf8), reachesFar: reachesFar))
        }
        self.steps = steps
    }

    /// Whether it has a gap for the failure's name.
    package var hasName: Bool { steps.contains { $0.gap == .name } }

    /// What stands in the gaps, or nil when the line is not of this form.
    package func match(_ line: ArraySlice<UInt8>) -> Captures? {
        guard line.starts(with: lead) else { return nil }
        var captures = Captures()
        var rest = line.dropFirst(lead.count)
        for step in steps {
            let end = Self.end(of: step, in: rest)
            guard let end else { return nil }
            let isLast = step.until.isEmpty
            guard Self.keep(rest[..<end], as: step.gap, isLast: isLast, in: &captures) else { return nil }
            rest = rest[(end + step.until.count)...]
        }
        return captures
    }

    private static func end(of step: Step, in rest: ArraySlice<UInt8>) -> Int? {
        if step.until.isEmpty { return rest.endIndex }
        return step.reachesFar ? lastIndex(of: step.until, in: rest) : index(of: step.until, in: rest)
    }

    private static func keep(
        _ bytes: ArraySlice<UInt8>, as gap: Gap, isLast: Bool, in captures: inout Captures
    ) -> Bool {
        switch gap {
        case .anything: return true
        case .message:
            captures.message = String(decoding: bytes.prefix(GuestErrorReader.longestMessage), as: UTF8.self)
        case .name:
            guard let name = name(bytes) else { return false }
            captures.name = name
        case .line:
            guard let number = number(isLast ? firstWord(bytes) : bytes) else { return false }
            captures.line = number
        case .column:
            guard let number = number(isLast ? firstWord(bytes) : bytes) else { return false }
            captures.column = number
        case .file:
            let isPath = (1...1024).contains(bytes.count) && bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7f }
            guard isPath else { return false }
            captures.file = String(decoding: bytes, as: UTF8.self)
        }
        return true
    }

    /// A number at the end of a line may have more behind a space, such as an address.
    private static func firstWord(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        bytes.prefix { $0 != UInt8(ascii: " ") }
    }

    /// A decimal number of at most nine digits.
    static func number(_ bytes: ArraySlice<UInt8>) -> Int? {
        guard (1...9).contains(bytes.count) else { return nil }
        var number = 0
        for byte in bytes {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            number = number * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return number
    }

    /// The last part of a name such as `java.lang.Error`, `std::bad_alloc` or `App\\Failure`.
    private static func name(_ bytes: ArraySlice<UInt8>) -> String? {
        let isNameByte = { (byte: UInt8) in byte > 0x20 && byte != 0x7f && byte != UInt8(ascii: "\"") }
        guard (1...256).contains(bytes.count), bytes.allSatisfy(isNameByte) else { return nil }
        let own = bytes.split {
            $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "\\")
        }
        return own.last.map { String(decoding: $0, as: UTF8.self) }
    }

    /// Where a text last stands; the text has at least one byte.
    static func lastIndex(of text: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
        var start = bytes.endIndex - text.count
        while start >= bytes.startIndex {
            if bytes[start] == text[0], bytes[start...].starts(with: text) { return start }
            start -= 1
        }
        return nil
    }

    /// Where a text first stands; the text has at least one byte.
    static func index(of text: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
        var from = bytes.startIndex
        while let start = bytes[from...].firstIndex(of: text[0]) {
            if bytes[start...].starts(with: text) { return start }
            from = start + 1
        }
        return nil
    }
}
