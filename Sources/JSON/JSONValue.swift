/// A JSON document, as it was written: members keep their order, numbers their digits.
package enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// What a message calls this value; strings and numbers are cut to a few characters.
    package var summary: String {
        switch self {
        case .null: "null"
        case .bool(let flag): flag ? "true" : "false"
        case .number(let number): number.text.shortened(to: 32)
        case .string(let text): "'\(text.shortened(to: 32))'"
        case .array: "a list"
        case .object: "an object"
        }
    }
}

/// The members of an object, no name twice, in the order in which they were written.
package struct JSONObject: Hashable, Sendable {
    package struct Member: Hashable, Sendable {
        package var name: String
        package var value: JSONValue

        package init(name: String, value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    package var members: [Member] = []

    package init() {}

    package subscript(name: String) -> JSONValue? {
        members.first { $0.name == name }?.value
    }
}

/// A number as its text, so that nothing is rounded before somebody decides what it is for.
package struct JSONNumber: Hashable, Sendable {
    package let text: String

    init(text: String) { self.text = text }
    package init(_ integer: Int) { text = String(integer) }

    /// The nearest double; infinite where the text is beyond all of them.
    package var double: Double { Double(text) ?? .nan }

    /// The value, if it is whole and can be held exactly: `1000`, `1e3` and `1000.0` are the same.
    package var integer: Int? {
        if let integer = Int(text) { return integer }
        guard text.utf8.contains(where: { $0 == UInt8(ascii: ".") || $0 | 0x20 == UInt8(ascii: "e") }) else {
            return nil
        }
        let double = double
        guard double.magnitude < 0x1p53 else { return nil }
        return Int(exactly: double)
    }
}
