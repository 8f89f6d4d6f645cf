import FoundationEssentials
import Glibc
@testable import Languages
import Testing

struct ToolchainTests: ~Copyable {
    private let folder: String

    init() throws { folder = try Self.makeFolder() }

    private static func makeFolder() throws -> String {
        var template = Array("/tmp/diatom-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw CocoaError(.fileWriteUnknown) }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    @Test func `what is written is what is read`() throws {
        let path = folder + "/deep/er/toolchains.conf"
        #expect(try Toolchains.load(path) == Toolchains())
        var toolchains = Toolchains()
        toolchains["go"] = "/opt/go"
        toolchains["swift"] = "/opt/swift/usr"
        try toolchains.save(to: path)
        #expect(try Toolchains.load(path) == toolchains)
        toolchains["go"] = nil
        try toolchains.save(to: path)
        #expect(try Toolchains.load(path).folders == ["swift": "/opt/swift/usr"])
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder + "/deep/er") == ["toolchains.conf"])
    }

    @Test(arguments: [
        ("go", 1), ("go /opt/go", 1), ("# c\n\ngo = opt", 3), ("go = /a/../b", 1), ("= /opt", 1),
        ("go = /a b", 1),
        ("go = /", 1), ("go = //", 1),
    ])
    func `a line that is not of the form is an error with its number`(_ text: String, _ line: Int) {
        #expect(throws: Toolchains.Invalid.line(line)) { try Toolchains(parsing: text) }
    }

    @Test func `the number of toolchains is bounded`() {
        let text = (0...Toolchains.most).map { "l\($0) = /opt/l\($0)\n" }.joined()
        #expect(throws: Toolchains.Invalid.tooMany) { try Toolchains(parsing: text) }
    }

    @Test func `a toolchain's programs count more than the machine's`() throws {
        let bin = folder + "/bin"
        try FileManager.default.createDirectory(atPath: bin, withIntermediateDirectories: true)
        try Data("#!/bin/sh\n".utf8).write(to: URL(filePath: bin + "/bash"))
        chmod(bin + "/bash", 0o755)
        var toolchains = Toolchains()
        toolchains["bash"] = folder
        toolchains["sh"] = folder
        let catalogue = LanguageCatalogue(toolchains: toolchains)
        #expect(try catalogue.pack(named: "bash")?.locatePrograms() == ["bash": bin + "/bash"])
        // What the folder lacks comes from the machine.
        let machines = try LanguageCatalogue().pack(named: "sh")?.locatePrograms()
        #expect(try catalogue.pack(named: "sh")?.locatePrograms() == machines)
    }

    @Test func `the file is the machine's for root and the user's own for others`() {
        let home = ["HOME": "/home/user"]
        #expect(Toolchains.path(environment: home, isRoot: true) == "/etc/diatom/toolchains.conf")
        #expect(
            Toolchains.path(environment: home, isRoot: false) == "/home/user/.config/diatom/toolchains.conf")
        let given = home.merging(["XDG_CONFIG_HOME": "/c"]) { $1 }
        #expect(Toolchains.path(environment: given, isRoot: false) == "/c/diatom/toolchains.conf")
        let named = given.merging(["DIATOM_TOOLCHAINS": "/t"]) { $1 }
        #expect(Toolchains.path(environment: named, isRoot: true) == "/t")
    }
}
