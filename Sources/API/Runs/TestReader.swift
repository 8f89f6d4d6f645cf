internal import Domain
internal import JSON

/// Reads `tests`: what each of several runs of one program is given.
enum TestReader {
    private static let mostTests = 1_000

    static func read(_ request: ObjectReader) throws(RequestError) -> [TestCase] {
        var tests: [TestCase] = []
        for (index, value) in (try request.array("tests", most: mostTests) ?? []).enumerated() {
            let reader = try ObjectReader(value, path: "tests[\(index)]", known: ["stdin", "args"])
            tests.append(
                TestCase(
                    stdin: try reader.bytes("stdin"),
                    args: reader["args"] == nil ? nil : try ProcessReader.arguments(reader)))
        }
        return tests
    }
}
