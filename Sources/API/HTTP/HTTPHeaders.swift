/// Header fields; names are compared without regard to case, as HTTP wants it.
package struct HTTPHeaders: Hashable, Sendable {
    package struct Field: Hashable, Sendable {
        /// In lower case.
        package var name: String
        package var value: String
    }

    package private(set) var fields: [Field] = []

    package init(_ pairs: KeyValuePairs<String, String> = [:]) {
        for (name, value) in pairs { append(name, value) }
    }

    package mutating func append(_ name: String, _ value: String) {
        fields.append(Field(name: name.lowercased(), value: value))
    }

    /// Takes all fields of a name, which is in lower case, away.
    package mutating func remove(_ name: String) { fields.removeAll { $0.name == name } }

    /// The first value of a field.
    ///
    /// - Parameter name: In lower case.
    package subscript(name: String) -> String? {
        fields.first { $0.name == name }?.value
    }

    /// How often a field was sent; its name is in lower case.
    package func count(_ name: String) -> Int {
        fields.count { $0.name == name }
    }
}
