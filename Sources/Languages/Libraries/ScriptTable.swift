internal import JSON

/// The little of TOML that a script's block needs: strings, lists of strings, comments; tables are passed over.
struct ScriptTable {
    enum Value: Hashable {
        case text(String)
        case list([String])
    }

    struct Malformed: Error, Hashable {
        var reason: String
    }

    private var rest: Substring
    private var line = 1

    init(_ text: String) { rest = text[...] }

    /// The keys before the first table.
    mutating func topLevel() throws(Malformed) -> [(key: String, value: Value)] {
        var pairs: [(key: String, value: Value)] = []
        while true {
            skip(newlines: true)
            guard let first = rest.first, first != "[" else { return pairs }
            let key = try self.key()
            skip(newlines: false)
            guard take("=") else { throw wrong("expects '=' after '\(key.shortened(to: 64))'") }
            skip(newlines: false)
            guard !pairs.contains(where: { $0.key == key }) else {
                throw wrong("has '\(key.shortened(to: 64))' twice")
            }
            pairs.append((key, try value()))
            skip(newlines: false)
            guard rest.isEmpty || rest.first == "\n" else { throw wrong("has more than one value in a line") }
        }
    }

    private mutating func key() throws(Malformed) -> String {
        if rest.first == "\"" || rest.first == "'" { return try string() }
        let key = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || "-_".contains($0)) }
        guard !key.isEmpty else { throw wrong("expects a key") }
        rest = rest.dropFirst(key.count)
        return String(key)
    }

    private mutating func value() throws(Malformed) -> Value {
        guard take("[") else { return .text(try string()) }
        var list: [String] = []
        while true {
            skip(newlines: true)
            if take("]") { return .list(list) }
            list.append(try string())
            skip(newlines: true)
            if take("]") { return .list(list) }
            guard take(",") else { throw wrong("expects ',' or ']' in a list") }
        }
    }

    private mutating func string() throws(Malformed) -> String {
        guard let quote = rest.first, quote == "\"" || quote == "'" else { throw wrong("expects a string") }
        guard !rest.hasPrefix("\"\"\""), !rest.hasPrefix("'''") else {
            throw wrong("has a string of several lines, which is not taken")
        }
        rest = rest.dropFirst()
        var text = ""
        while let character = rest.popFirst() {
            if character == quote { return text }
            guard character != "\n" else { break }
            if character == "\\", quote == "\"" {
                guard let escaped = rest.popFirst(), "\"\\".contains(escaped) else {
                    throw wrong("has an escape that no library's name needs")
                }
                text.append(escaped)
            } else {
                text.append(character)
            }
        }
        throw wrong("has a string without an end")
    }

    private mutating func skip(newlines: Bool) {
        while let first = rest.first {
            if first == "#" {
                rest = rest.drop { $0 != "\n" }
            } else if first == " " || first == "\t" || (newlines && first == "\n") {
                if first == "\n" { line += 1 }
                rest = rest.dropFirst()
            } else {
                return
            }
        }
    }

    private mutating func take(_ character: Character) -> Bool {
        guard rest.first == character else { return false }
        rest = rest.dropFirst()
        return true
    }

    private func wrong(_ problem: String) -> Malformed { Malformed(reason: "line \(line) of it \(problem)") }
}
