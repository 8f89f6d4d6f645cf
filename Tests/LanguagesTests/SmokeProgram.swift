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

    static let all: [SmokeProgram] = {
        do {
            return try readAll()
        } catch {
            fatalError("the smoke programs cannot be read: \(error)")
        }
    }()

    private static func readAll() throws -> [SmokeProgram] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "languages").path
        let manager = FileManager.default
        var programs: [SmokeProgram] = []
        for language in try manager.contentsOfDirectory(atPath: root).sorted() {
            let folder = "\(root)/\(language)/smoke"
            guard manager.fileExists(atPath: folder) else { continue }
            for name in try manager.contentsOfDirectory(atPath: folder).sorted() {
                programs.append(try read("\(folder)/\(name)", language: language, name: name))
            }
        }
        return programs
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
