import Domain
import FoundationEssentials
import Languages
import Testing

/// One folder under languages/<id>/smoke: files, what they are given, and what must come of it.
struct SmokeProgram: CustomTestStringConvertible, Sendable {
    struct Description: Decodable, Sendable {
        struct Expectation: Decodable, Sendable {
            var status: String
            var exitCode: Int32?
            var signal: Int32?
            var stdout: String?
            var stderrContains: String?
            var error: Error?
        }
        struct Error: Decodable, Sendable {
            var name: String
            var message: String?
            var file: String?
            var line: Int?
            var column: Int?
        }
        var stdin: String?
        var args: [String]?
        var wallMs: Int?
        var expect: Expectation
    }

    var language: String
    var name: String
    var files: [SourceFile]
    var description: Description

    var testDescription: String { "\(language): \(name)" }

    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "languages").path

    /// The languages that are tested wherever they are installed, as CI sees to.
    static let testedLanguages: [String] = {
        guard let text = try? String(contentsOfFile: "\(root)/tested", encoding: .utf8) else { return [] }
        return text.split(separator: "\n").map(String.init)
    }()

    static func all(of language: String) throws -> [SmokeProgram] {
        let folder = "\(root)/\(language)/smoke"
        return try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map { name in
            try read("\(folder)/\(name)", language: language, name: name)
        }
    }

    private static func read(_ folder: String, language: String, name: String) throws -> SmokeProgram {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let text = try Data(contentsOf: URL(filePath: folder + "/smoke.json"))
        var files: [SourceFile] = []
        for path in try FileManager.default.subpathsOfDirectory(atPath: folder).sorted() {
            var isFolder = false
            _ = FileManager.default.fileExists(atPath: "\(folder)/\(path)", isDirectory: &isFolder)
            guard !isFolder, path != "smoke.json" else { continue }
            let content = [UInt8](try Data(contentsOf: URL(filePath: "\(folder)/\(path)")))
            files.append(SourceFile(path: try WorkspacePath(parsing: path), content: content))
        }
        return SmokeProgram(
            language: language, name: name, files: files,
            description: try decoder.decode(Description.self, from: text))
    }
}
