@testable import Commands
import Domain
import FoundationEssentials
import Glibc
import Testing

struct OutputFolderTests: ~Copyable {
    let root: String

    init() throws {
        var template = Array("/tmp/diatom-out-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        root = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    private func file(_ path: String, _ text: String = "new") throws -> CollectedFile {
        CollectedFile(path: try WorkspacePath(parsing: path), content: Array(text.utf8), executable: false)
    }

    private func text(of path: String) -> String? {
        let descriptor = open("\(root)/\(path)", O_RDONLY | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return StdinReader(descriptor: descriptor).readToEnd(most: 100).map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    @Test func `files and the folders above them are made, and a file is replaced`() throws {
        let folder = try OutputFolder(root + "/out")
        try folder.save(try file("a/b/c.txt", "old"))
        try folder.save(try file("a/b/c.txt"))
        #expect(text(of: "out/a/b/c.txt") == "new")
    }

    @Test func `a link is never followed, be it a folder or the file itself`() throws {
        mkdir(root + "/out", 0o700)
        mkdir(root + "/elsewhere", 0o700)
        symlink(root + "/elsewhere", root + "/out/a")
        symlink(root + "/elsewhere/x", root + "/out/x")
        let folder = try OutputFolder(root + "/out")
        let below = try file("a/f")
        let itself = try file("x")
        #expect(throws: OutputFolder.Refusal.self) { try folder.save(below) }
        #expect(throws: OutputFolder.Refusal.self) { try folder.save(itself) }
        #expect(text(of: "elsewhere/f") == nil)
        #expect(text(of: "elsewhere/x") == nil)
    }

    @Test func `what is no regular file stays`() throws {
        mkdir(root + "/pipe-holder", 0o700)
        mkfifo(root + "/pipe-holder/p", 0o600)
        let folder = try OutputFolder(root + "/pipe-holder")
        let pipe = try file("p")
        #expect(throws: OutputFolder.Refusal.self) { try folder.save(pipe) }
    }
}
