/// Tells whether a text is a version: `[N!]N(.N)*[{a|b|rc}N][.postN][.devN][+local]`, in its lenient spellings.
struct VersionScanner {
    private var rest: Substring
    private(set) var releaseParts = 0

    init(_ text: String) { rest = text[...] }

    /// What can be in a version at all.
    static func isPlain(_ character: Character) -> Bool {
        character.isAlphanumericASCII || ".+!-_".contains(character)
    }

    mutating func isVersion(releaseOnly: Bool) -> Bool {
        guard number() else { return false }
        if take("!") { guard number() else { return false } }
        releaseParts = 1
        while rest.first == ".", Self.isDigit(rest.dropFirst().first) {
            rest = rest.dropFirst()
            _ = number()
            releaseParts += 1
        }
        if releaseOnly { return rest.isEmpty }
        word(["alpha", "beta", "preview", "pre", "rc", "a", "b", "c"])
        if rest.first == "-", Self.isDigit(rest.dropFirst().first) {
            rest = rest.dropFirst()
            _ = number()
        } else {
            word(["post", "rev", "r"])
        }
        word(["dev"])
        if take("+") { guard local() else { return false } }
        return rest.isEmpty
    }

    private mutating func number() -> Bool {
        let digits = rest.prefix { Self.isDigit($0) }
        rest = rest.dropFirst(digits.count)
        return !digits.isEmpty
    }

    private mutating func take(_ character: Character) -> Bool {
        guard rest.first == character else { return false }
        rest = rest.dropFirst()
        return true
    }

    /// One of the words with a separator before and after it, and a number; or nothing.
    private mutating func word(_ words: [String]) {
        let start = Self.withoutSeparator(rest)
        guard let found = words.first(where: { start.hasPrefix($0) }) else { return }
        rest = start.dropFirst(found.count)
        let after = Self.withoutSeparator(rest)
        guard Self.isDigit(after.first) else { return }
        rest = after
        _ = number()
    }

    private static func withoutSeparator(_ text: Substring) -> Substring {
        guard let first = text.first, ".-_".contains(first) else { return text }
        return text.dropFirst()
    }

    private mutating func local() -> Bool {
        let parts = rest.split(omittingEmptySubsequences: false) { ".-_".contains($0) }
        rest = rest.dropFirst(rest.count)
        return parts.allSatisfy { !$0.isEmpty && $0.allSatisfy(\.isAlphanumericASCII) }
    }

    private static func isDigit(_ character: Character?) -> Bool {
        character.map { ("0"..."9").contains($0) } ?? false
    }
}
