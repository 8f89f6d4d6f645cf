package import Domain
package import JSON

/// Reads `tests`: what each of several runs of one program is given.
package enum TestReader {
    package static let mostTests = 1_000

    static func read(_ request: ObjectReader) throws(RequestError) -> [TestCase] {
        try read(request.array("tests", most: mostTests) ?? [])
    }

    /// Reads the list alone, as a file holds it.
    package static func read(list: JSONValue) throws(RequestError) -> [TestCase] {
        guard case .array(let values) = list else {
            throw RequestError(
                .invalidValue, "tests: \(list.summary), where a list was expected", field: "tests")
        }
        return try read(values)
    }

    private static func read(_ values: [JSONValue]) throws(RequestError) -> [TestCase] {
        var tests: [TestCase] = []
        for (index, value) in values.enumerated() {
            let reader = try ObjectReader(value, path: "tests[\(index)]", known: ["stdin", "args"])
            tests.append(
                TestCase(
                    stdin: try reader.bytes("stdin"),
                    args: reader["args"] == nil ? nil : try ProcessReader.arguments(reader)))
        }
        return tests
    }
}
