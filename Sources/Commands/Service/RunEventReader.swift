internal import Domain
internal import JSON

/// Folds the events of a run, as they come in JSON lines, into its result; what the program prints is written at once.
struct RunEventReader {
    /// Output is bounded by its limit, collected files by the disk limit; this is beyond what is sensible.
    private static let longestLine = ServiceBackend.largestResponse

    private var line: [UInt8] = []
    private var results: [RichResult] = []
    private var files: [CollectedFile] = []
    private var tests: [RunResultReader] = []
    private var leftOut: (count: Int, reason: String?)?
    private var finished: RunResult?
    private let write: (_ bytes: [UInt8], _ descriptor: Int32) -> Bool

    /// `write`: False where nobody reads any more.
    init(
        write: @escaping (_ bytes: [UInt8], _ descriptor: Int32) -> Bool = {
            DescriptorOutput.writeAll($0, to: $1)
        }
    ) { self.write = write }

    mutating func take(_ bytes: [UInt8]) throws(RunBackend.Failure) {
        var rest = bytes[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            line += rest[..<end]
            rest = rest[(end + 1)...]
            try takeLine()
        }
        guard line.count + rest.count <= Self.longestLine else { throw Self.malformed }
        line += rest
    }

    /// The result, once there is no more to come.
    mutating func end() throws(RunBackend.Failure) -> RunResult {
        try takeLine()
        guard var result = finished else { throw Self.malformed }
        // An answer of before, and one of a service that streams nothing, has it all at the end.
        guard write(result.stdout, 1), write(result.stderr, 2) else { throw .nobodyReads }
        result.results = results + result.results
        result.files = files + result.files
        for test in tests {
            guard let run = test.test(of: result) else { throw Self.malformed }
            result.runs.append(run)
        }
        if let leftOut { (result.filesLeftOut, result.filesLeftOutReason) = leftOut }
        return result
    }

    private mutating func takeLine() throws(RunBackend.Failure) {
        defer { line = [] }
        // An empty one says that the connection is alive.
        guard !line.isEmpty else { return }
        guard let value = try? JSONParser.parse(line), case .object(let object) = value else {
            throw Self.malformed
        }
        let reader = RunResultReader(object: object)
        switch reader.text("event") {
        case "stdout": try print(reader, 1)
        case "stderr": try print(reader, 2)
        case "result": if let shown = RunResultReader.shown(value) { results.append(shown) }
        case "file": if let file = reader.file { files.append(file) }
        case "files_left_out": leftOut = (reader.integer("count") ?? 0, reader.text("reason"))
        case "test": tests.append(reader)
        case "error":
            throw ServiceBackend.error(in: line).map { .request($0) } ?? Self.malformed
        case "finished", nil:
            guard let result = reader.result else { throw Self.malformed }
            finished = result
        default: break  // of no matter to who waits for the end
        }
    }

    private func print(_ reader: RunResultReader, _ descriptor: Int32) throws(RunBackend.Failure) {
        guard write(reader.bytes("text"), descriptor) else { throw .nobodyReads }
    }

    private static let malformed = RunBackend.Failure.broken(
        "the service's answer is not a run result; are this program and the service of one version?")
}
