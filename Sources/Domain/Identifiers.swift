/// 26 characters of Crockford's base 32, sortable by time: the layout of a ULID.
enum SortableID {
    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

    /// Makes one from the time and 80 random bits.
    static func make(milliseconds: UInt64, random: some RandomNumberGenerator) -> String {
        var generator = random
        var high = UInt64(milliseconds << 16) | UInt64(UInt16.random(in: .min ... .max, using: &generator))
        var low = generator.next()
        var digits: [UInt8] = []
        digits.reserveCapacity(26)
        for _ in 0..<26 {
            digits.append(alphabet[Int(low & 31)])
            low = (low >> 5) | (high << 59)
            high >>= 5
        }
        return String(decoding: digits.reversed(), as: UTF8.self)
    }

    /// Whether a text that came from outside is a prefix and one of these.
    static func isOne(_ text: String, prefix: String) -> Bool {
        text.utf8.count == prefix.utf8.count + 26 && text.hasPrefix(prefix)
            && text.utf8.dropFirst(prefix.utf8.count).allSatisfy(alphabet.contains)
    }
}

/// The id of a run: `run_` and 26 characters, sortable by time.
package struct RunID: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init(milliseconds: UInt64, random: some RandomNumberGenerator) {
        description = "run_" + SortableID.make(milliseconds: milliseconds, random: random)
    }

    /// Takes an id that came from outside, or nothing if it is not of the form.
    package init?(parsing text: String) {
        guard SortableID.isOne(text, prefix: "run_") else { return nil }
        description = text
    }
}

/// The id of a session: `ses_` and 26 characters, sortable by time.
package struct SessionID: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package static func now() -> SessionID {
        let milliseconds = UInt64(max(0, WallClock.now() / 1_000_000))
        return SessionID(
            unchecked: "ses_"
                + SortableID.make(milliseconds: milliseconds, random: SystemRandomNumberGenerator()))
    }

    package init?(parsing text: String) {
        guard SortableID.isOne(text, prefix: "ses_") else { return nil }
        description = text
    }

    private init(unchecked text: String) { description = text }
}

/// Whose run it is: an API key's id, or the machine's own user.
package struct KeyID: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package static let local = KeyID("local")

    package init(_ text: String) { description = text }
}
