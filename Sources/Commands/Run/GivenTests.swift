internal import API
internal import Domain
internal import JSON

/// The tests of a command line: files of input, or a list in JSON as the API takes it.
enum GivenTests {
    static func read(_ parsed: ParsedArguments) throws(UsageError) -> [TestCase] {
        var tests: [TestCase] = []
        for path in parsed.values(RunFlags.test) { tests.append(TestCase(stdin: try read(path))) }
        if let path = parsed.value(RunFlags.tests) {
            do throws(RequestError) {
                tests += try TestReader.read(list: try JSONParser.parse(try content(path)))
            } catch {
                throw UsageError("--tests '\(path)': \(error.message)")
            }
        }
        guard tests.count <= TestReader.mostTests else {
            throw UsageError("\(tests.count) tests are given; at most \(TestReader.mostTests) are taken")
        }
        return tests
    }

    private static func content(_ path: String) throws(RequestError) -> [UInt8] {
        do throws(UsageError) { return try read(path) } catch {
            throw RequestError(.invalidValue, error.message)
        }
    }

    private static func read(_ path: String) throws(UsageError) -> [UInt8] {
        try GivenFiles.content(ofFile: path)
    }
}
