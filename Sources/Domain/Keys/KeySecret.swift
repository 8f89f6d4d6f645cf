/// What the holder of a key sends: shown once when it is made, and kept by nobody.
package struct KeySecret: Hashable, Sendable {
    /// Of the form that E2B's SDKs accept, or of Diatom's own.
    package enum Kind: String, Sendable, CaseIterable {
        case diatom = "dtm_"
        case e2b = "e2b_"
    }

    private static let digits = 40
    /// As much of it as is kept and shown, so that keys can be told apart.
    private static let shown = 12

    package let text: String

    /// Makes a secret of 160 random bits of the system's.
    package init(_ kind: Kind) {
        var generator = SystemRandomNumberGenerator()
        var text = kind.rawValue
        while text.utf8.count < kind.rawValue.utf8.count + Self.digits {
            let digits = String(UInt32.random(in: .min ... .max, using: &generator), radix: 16)
            text += String(repeating: "0", count: 8 - digits.utf8.count) + digits
        }
        self.text = text
    }

    /// Takes what a client sent, or nothing if it is of neither form.
    package init?(parsing text: String) {
        guard let kind = Kind.allCases.first(where: { text.hasPrefix($0.rawValue) }),
            text.utf8.count == kind.rawValue.utf8.count + Self.digits,
            text.utf8.dropFirst(kind.rawValue.utf8.count).allSatisfy({ byte in
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
            })
        else { return nil }
        self.text = text
    }

    package var prefix: String { String(text.prefix(Self.shown)) }
}

extension KeyID {
    /// The id of a new key: `key_` and 16 random hexadecimal digits.
    package static func make() -> KeyID {
        let digits = String(UInt64.random(in: .min ... .max), radix: 16)
        return KeyID("key_" + String(repeating: "0", count: 16 - digits.utf8.count) + digits)
    }
}

extension KeyAllowance.Rate: CustomStringConvertible {
    /// Reads `10/s`, `600/min`, `1000/h` or `5000/d`.
    package init?(parsing text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let count = Int(parts[0]), (1...1_000_000).contains(count),
            let unit = Self.units.first(where: { $0.name == parts[1] })
        else { return nil }
        self.init(count: count, per: unit.length)
    }

    package var description: String {
        let unit = Self.units.first { $0.length == per }
        return "\(count)/" + (unit?.name ?? "\(per.components.seconds)s")
    }

    private static let units: [(name: String, length: Duration)] = [
        ("s", .seconds(1)), ("min", .seconds(60)), ("h", .seconds(3_600)), ("d", .seconds(86_400)),
    ]
}
