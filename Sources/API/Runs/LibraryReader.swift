package import Domain
internal import JSON

/// Reads names of libraries (PEP 508), each of which says what is wrong with it.
package enum LibraryReader {
    static func read(_ reader: ObjectReader) throws(RequestError) -> [Requirement] {
        var libraries: [Requirement] = []
        for (index, value) in (try reader.array("libraries", most: Requirement.most) ?? []).enumerated() {
            let name = "libraries[\(index)]"
            guard case .string(let text) = value else { throw reader.wrong(name, value, expected: "a name") }
            libraries.append(try parse(text, field: name))
        }
        return libraries
    }

    package static func parse(_ text: String, field: String) throws(RequestError) -> Requirement {
        do throws(Requirement.Invalid) { return try Requirement(parsing: text) } catch {
            throw RequestError(
                .invalidValue, "\(field): '\(text.shortened(to: 64))' \(error.reason)", field: field)
        }
    }
}
