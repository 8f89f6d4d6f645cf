internal import Domain
internal import JSON

/// Reads the members of one object of a request, and says which one is wrong.
struct ObjectReader {
    /// Leads to the object; empty for the body itself.
    let path: String
    private let object: JSONObject

    /// Takes an object all of whose members are known.
    ///
    /// - Throws: `.invalidValue` when the value is no object, `.unknownField` naming the first stranger.
    init(_ value: JSONValue, path: String, known: [String]) throws(RequestError) {
        self.path = path
        guard case .object(let object) = value else {
            throw Self.wrong(value, at: path, expected: "an object")
        }
        self.object = object
        guard let stranger = object.members.first(where: { !known.contains($0.name) }) else { return }
        let field = Self.join(path, stranger.name.shortened(to: 64))
        let owner = path.isEmpty ? "the request" : path
        throw RequestError(
            .unknownField, "\(field): no such field; \(owner) has \(known.joined(separator: ", "))",
            field: field)
    }

    subscript(name: String) -> JSONValue? { object[name] }

    func field(_ name: String) -> String { Self.join(path, name) }

    /// The member, or nil when it is absent or, where the contract shows it so, null.
    func optional(_ name: String) -> JSONValue? {
        if case .null = object[name] { return nil }
        return object[name]
    }

    func bool(_ name: String) throws(RequestError) -> Bool {
        guard let value = object[name] else { return false }
        guard case .bool(let flag) = value else { throw wrong(name, value, expected: "true or false") }
        return flag
    }

    func string(_ name: String) throws(RequestError) -> String? {
        guard let value = object[name] else { return nil }
        guard case .string(let text) = value else { throw wrong(name, value, expected: "a string") }
        return text
    }

    func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String, _ type: Choice.Type
    ) throws(RequestError) -> Choice? {
        guard let value = object[name] else { return nil }
        guard case .string(let text) = value, let choice = Choice(rawValue: text) else {
            let words = Choice.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
            throw wrong(name, value, expected: "one of \(words)")
        }
        return choice
    }

    func array(_ name: String, most: Int) throws(RequestError) -> [JSONValue]? {
        guard let value = object[name] else { return nil }
        guard case .array(let elements) = value else { throw wrong(name, value, expected: "a list") }
        guard elements.count <= most else {
            throw error(.invalidValue, name, "\(elements.count) entries; at most \(most) are taken")
        }
        return elements
    }

    /// A whole number within bounds; `1000.0` and `1e3` count as whole.
    ///
    /// - Parameters:
    ///   - name: Of the member.
    ///   - lowest: Below it the error is `.invalidValue`.
    ///   - highest: The operator's maximum, above which the error is `.limitTooHigh`.
    /// - Returns: nil when the member is absent.
    /// - Throws: ``RequestError`` naming the member, its value and the bound.
    func count(_ name: String, from lowest: Int, through highest: Int) throws(RequestError) -> Int? {
        guard let value = object[name] else { return nil }
        guard case .number(let number) = value else { throw wrong(name, value, expected: "a whole number") }
        guard number.double <= Double(highest) else {
            throw error(
                .limitTooHigh, name, "\(value.summary) is above this server's maximum of \(highest)")
        }
        guard number.double >= Double(lowest) else {
            throw error(.invalidValue, name, "\(value.summary) is below the least possible, \(lowest)")
        }
        guard let integer = number.integer else {
            throw error(.invalidValue, name, "\(value.summary) is not a whole number")
        }
        return integer
    }

    /// Bytes given as a string or as `{"base64": "…"}`.
    func bytes(_ name: String) throws(RequestError) -> [UInt8]? {
        switch object[name] {
        case nil: return nil
        case .string(let text): return Array(text.utf8)
        case .object(let wrapped):
            let reader = try ObjectReader(.object(wrapped), path: field(name), known: ["base64"])
            guard let text = try reader.string("base64") else {
                throw error(.invalidValue, name, "an object here has one field, base64")
            }
            return try reader.base64(text, "base64")
        case let value?: throw wrong(name, value, expected: #"a string or {"base64": "…"}"#)
        }
    }

    func base64(_ text: String, _ name: String) throws(RequestError) -> [UInt8] {
        guard let bytes = Base64.decode(text) else {
            throw error(.invalidValue, name, "not base64 (RFC 4648: standard alphabet, padded, no line ends)")
        }
        return bytes
    }

    func error(_ code: RequestError.Code, _ name: String, _ problem: String) -> RequestError {
        RequestError(code, "\(field(name)): \(problem)", field: field(name))
    }

    func wrong(_ name: String, _ value: JSONValue, expected: String) -> RequestError {
        Self.wrong(value, at: field(name), expected: expected)
    }

    private static func wrong(_ value: JSONValue, at path: String, expected: String) -> RequestError {
        guard !path.isEmpty else {
            return RequestError(.invalidValue, "the body is \(value.summary), where \(expected) was expected")
        }
        return RequestError(
            .invalidValue, "\(path): \(value.summary), where \(expected) was expected", field: path)
    }

    private static func join(_ path: String, _ name: String) -> String {
        path.isEmpty ? name : "\(path).\(name)"
    }
}
