internal import JSON

/// Reads the members of one object of a pack, and says which one is wrong.
struct PackReader {
    struct Wrong: Error, Hashable, CustomStringConvertible {
        /// Dotted path to the member; empty for the pack itself.
        var member: String
        var problem: String

        var description: String { member.isEmpty ? problem : "\(member): \(problem)" }
    }

    private let path: String
    private let object: JSONObject

    init(_ value: JSONValue, path: String, known: [String]) throws(Wrong) {
        guard case .object(let object) = value else { throw Wrong(member: path, problem: "is no object") }
        self.path = path
        self.object = object
        if let stranger = object.members.first(where: { !known.contains($0.name) }) {
            throw wrong(stranger.name, "is not a member that packs have")
        }
    }

    func wrong(_ member: String, _ problem: String) -> Wrong {
        Wrong(member: path.isEmpty ? member : "\(path).\(member)", problem: problem)
    }

    func optionalText(_ member: String) throws(Wrong) -> String? {
        guard let value = object[member] else { return nil }
        return try text(value, of: member)
    }

    func text(_ member: String) throws(Wrong) -> String { try text(try required(member), of: member) }

    /// False where it is absent.
    func flag(_ member: String) throws(Wrong) -> Bool {
        guard let value = object[member] else { return false }
        guard case .bool(let flag) = value else { throw wrong(member, "is neither true nor false") }
        return flag
    }

    func texts(_ member: String) throws(Wrong) -> [String] { try texts(try required(member), of: member) }

    /// A list of texts; empty where it is absent.
    func optionalTexts(_ member: String) throws(Wrong) -> [String] {
        try object[member].map { (value) throws(Wrong) in try texts(value, of: member) } ?? []
    }

    /// An object of texts; empty where it is absent.
    func table(_ member: String) throws(Wrong) -> [String: String] {
        var table: [String: String] = [:]
        for entry in try entries(member) { table[entry.name] = try text(entry.value, of: member) }
        return table
    }

    /// An object of lists of texts; empty where it is absent.
    func lists(_ member: String) throws(Wrong) -> [String: [String]] {
        var table: [String: [String]] = [:]
        for entry in try entries(member) { table[entry.name] = try texts(entry.value, of: member) }
        return table
    }

    func object(_ member: String, known: [String]) throws(Wrong) -> PackReader? {
        guard let value = object[member] else { return nil }
        return try PackReader(value, path: wrong(member, "").member, known: known)
    }

    func objects(_ member: String, known: [String]) throws(Wrong) -> [PackReader] {
        guard case .array(let elements) = try required(member) else { throw wrong(member, "is no list") }
        var readers: [PackReader] = []
        for element in elements {
            readers.append(try PackReader(element, path: wrong(member, "").member, known: known))
        }
        return readers
    }

    private func required(_ member: String) throws(Wrong) -> JSONValue {
        guard let value = object[member] else { throw wrong(member, "is missing") }
        return value
    }

    private func entries(_ member: String) throws(Wrong) -> [JSONObject.Member] {
        guard let value = object[member] else { return [] }
        guard case .object(let table) = value else { throw wrong(member, "is no object") }
        return table.members
    }

    private func text(_ value: JSONValue, of member: String) throws(Wrong) -> String {
        guard case .string(let text) = value else { throw wrong(member, "is no text") }
        return text
    }

    private func texts(_ value: JSONValue, of member: String) throws(Wrong) -> [String] {
        guard case .array(let elements) = value else { throw wrong(member, "is no list") }
        var texts: [String] = []
        for element in elements { texts.append(try text(element, of: member)) }
        return texts
    }
}
