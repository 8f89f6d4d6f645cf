/// Reads an environment marker: `python_version < "3.12" and sys_platform == "linux"` (PEP 508).
struct MarkerParser {
    private static let variables: Set<String> = [
        "python_version", "python_full_version", "os_name", "sys_platform", "platform_release",
        "platform_system", "platform_version", "platform_machine", "platform_python_implementation",
        "implementation_name", "implementation_version", "extra",
    ]
    private static let comparisons = ["===", "~=", "==", "!=", "<=", ">=", "<", ">"]
    private static let deepest = 16

    private var rest: Substring
    private var depth = 0

    init(_ text: Substring) { rest = text }

    /// The whole text, written in one way.
    mutating func marker() throws(Requirement.Invalid) -> String {
        let marker = try alternatives()
        guard rest.isEmpty else { throw unexpected() }
        return marker
    }

    private mutating func alternatives() throws(Requirement.Invalid) -> String {
        var text = try conditions()
        while takeWord("or") { text += " or " + (try conditions()) }
        return text
    }

    private mutating func conditions() throws(Requirement.Invalid) -> String {
        var text = try condition()
        while takeWord("and") { text += " and " + (try condition()) }
        return text
    }

    private mutating func condition() throws(Requirement.Invalid) -> String {
        skipSpace()
        if rest.first == "(" {
            depth += 1
            defer { depth -= 1 }
            guard depth <= Self.deepest else {
                throw Requirement.Invalid(reason: "has a marker nested deeper than \(Self.deepest)")
            }
            rest = rest.dropFirst()
            let inner = try alternatives()
            guard rest.first == ")" else { throw unexpected() }
            rest = rest.dropFirst()
            skipSpace()
            return "(\(inner))"
        }
        let left = try operand()
        let comparison = try comparison()
        return "\(left) \(comparison) \(try operand())"
    }

    private mutating func operand() throws(Requirement.Invalid) -> String {
        skipSpace()
        defer { skipSpace() }
        if let quote = rest.first, quote == "\"" || quote == "'" {
            let text = rest.dropFirst().prefix { $0 != quote }
            let isWhole = rest.dropFirst(text.count + 1).first == quote
            let isPlain = text.unicodeScalars.allSatisfy { (0x20..<0x7f).contains($0.value) && $0 != "\\" }
            guard isWhole, isPlain, !text.contains("\"") else { throw unexpected() }
            rest = rest.dropFirst(text.count + 2)
            return "\"\(text)\""
        }
        let word = rest.prefix { $0.isAlphanumericASCII || $0 == "_" }
        guard Self.variables.contains(String(word)) else { throw unexpected() }
        rest = rest.dropFirst(word.count)
        return String(word)
    }

    private mutating func comparison() throws(Requirement.Invalid) -> String {
        if let found = Self.comparisons.first(where: { rest.hasPrefix($0) }) {
            rest = rest.dropFirst(found.count)
            return found
        }
        if takeWord("in") { return "in" }
        if takeWord("not"), takeWord("in") { return "not in" }
        throw unexpected()
    }

    private mutating func takeWord(_ word: String) -> Bool {
        skipSpace()
        guard rest.hasPrefix(word) else { return false }
        let after = rest.dropFirst(word.count)
        if let next = after.first, next.isAlphanumericASCII || next == "_" { return false }
        rest = after
        skipSpace()
        return true
    }

    private mutating func skipSpace() { rest = rest.drop { $0 == " " || $0 == "\t" } }

    private func unexpected() -> Requirement.Invalid {
        Requirement.Invalid(
            reason: rest.isEmpty
                ? "has a marker that ends too early" : "has a marker that is wrong at '\(rest.shownBriefly)'")
    }
}
