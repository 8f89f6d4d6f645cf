/// The id of a run: `run_` and 26 characters of Crockford's base 32, sortable by time.
package struct RunID: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    /// Makes an id from the time and 80 random bits (the layout of a ULID).
    package init(milliseconds: UInt64, random: some RandomNumberGenerator) {
        var generator = random
        var high = UInt64(milliseconds << 16) | UInt64(UInt16.random(in: .min ... .max, using: &generator))
        var low = generator.next()
        var digits: [UInt8] = []
        digits.reserveCapacity(26)
        for _ in 0..<26 {
            digits.append(Self.alphabet[Int(low & 31)])
            low = (low >> 5) | (high << 59)
            high >>= 5
        }
        description = "run_" + String(decoding: digits.reversed(), as: UTF8.self)
    }

    /// Takes an id that came from outside, or nothing if it is not of the form.
    package init?(parsing text: String) {
        guard text.utf8.count == 30, text.hasPrefix("run_") else { return nil }
        guard text.utf8.dropFirst(4).allSatisfy(Self.alphabet.contains) else { return nil }
        description = text
    }

    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)
}

/// Whose run it is: an API key's id, or the machine's own user.
package struct KeyID: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package static let local = KeyID("local")

    package init(_ text: String) { description = text }
}
