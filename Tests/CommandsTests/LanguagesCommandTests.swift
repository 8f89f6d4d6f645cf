import API
@testable import Commands
import Domain
import FoundationEssentials
import Glibc
import Languages
import Testing

@Suite(.timeLimit(.minutes(1)))
struct LanguagesCommandTests: ~Copyable {
    private let folder: String

    init() throws { folder = try Self.makeFolder() }

    /// Not in /tmp, which sandboxes have of their own.
    private static func makeFolder() throws -> String {
        var template = Array("/var/tmp/diatom-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw CocoaError(.fileWriteUnknown) }
        let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        chmod(folder, 0o755)
        mkdir(folder + "/bin", 0o755)
        try Data("#!/bin/sh\n".utf8).write(to: URL(filePath: folder + "/bin/lua5.4"))
        chmod(folder + "/bin/lua5.4", 0o755)
        return folder
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func run(_ words: [String]) -> Int32 {
        Commands.main(
            arguments: ["languages"] + words,
            environment: ["DIATOM_TOOLCHAINS": folder + "/conf/toolchains.conf", "PATH": "/nonexistent"],
            makeRunner: { (_) throws(RequestError) in throw RequestError(.unsupported, "") })
    }

    private func toolchains() throws -> [String: String] {
        try Toolchains.load(folder + "/conf/toolchains.conf").folders
    }

    @Test func `a toolchain is added under its language's id and removed again`() throws {
        #expect(run(["add", "LUA54", "--path", folder + "/bin/.."]) == 0)
        #expect(try toolchains() == ["lua": folder])
        #expect(run(["show", "lua"]) == 0)
        #expect(run(["remove", "lua"]) == 0)
        #expect(try toolchains() == [:])
        #expect(run(["remove", "lua"]) == 2, "there is nothing left to remove")
    }

    @Test func `a folder that cannot serve is wrong usage, and nothing is recorded`() throws {
        chmod(folder + "/bin", 0o700)
        for path in [folder + "/none", folder + "/bin/lua5.4", "/", "/proc/self", "/tmp", folder + "/bin"] {
            #expect(run(["add", "lua", "--path", path]) == 2, "\(path)")
        }
        chmod(folder + "/bin", 0o755)
        #expect(run(["add", "zig", "--path", folder]) == 2, "it has no zig")
        #expect(run(["add", "erlang", "--path", folder]) == 2, "it has none of Erlang's programs")
        #expect(try toolchains() == [:])
    }

    @Test(arguments: [
        ["add", "lua"], ["add", "--path", "/usr"], ["add", "nope", "--path", "/usr"], ["remove"], ["install"],
        ["show"], ["show", "a", "b"], ["show", "nope"], ["list", "x"], ["grow"], ["install", "--all", "lua"],
        ["--all"], ["show", "lua", "--path", "/usr"], ["install", "nope"],
    ])
    func `what cannot be meant is wrong usage`(_ words: [String]) {
        let code = Commands.main(
            arguments: ["languages"] + words, environment: ["DIATOM_TOOLCHAINS": "/no/such/file"],
            makeRunner: { (_) throws(RequestError) in throw RequestError(.unsupported, "") })
        #expect(code == 2)
    }

    @Test func `a damaged file of toolchains is said, not passed over`() throws {
        mkdir(folder + "/conf", 0o755)
        try Data("lua\n".utf8).write(to: URL(filePath: folder + "/conf/toolchains.conf"))
        #expect(run([]) == 2)
        #expect(run(["show", "lua"]) == 2)
    }

    @Test func `what is installed is not installed again`() { #expect(run(["install", "sh", "bash"]) == 0) }
}

struct InstallPlanTests {
    private func pack(_ id: String) throws -> LanguagePack {
        try #require(try LanguageCatalogue().pack(named: id))
    }

    @Test func `one call of Debian's client for all, one of PyPI's for each`() throws {
        let plan = InstallPlan(
            [try pack("cpp"), try pack("deno"), try pack("go"), try pack("nim")], pip: "/bin/pip3")
        #expect(
            plan.commands.map(\.words.first) == [
                "apt-get", "/bin/pip3", "/bin/pip3", try pack("go").install.then,
            ])
        #expect(plan.commands[0].words.suffix(3) == ["g++", "gcc", "nim"])
        #expect(plan.commands[0].words.contains("--no-remove"))
        #expect(plan.commands[1].words.suffix(3) == ["--target", "/opt/diatom/deno", "deno"])
        #expect(plan.commands[3].isShell)
        #expect(plan.commands.map(\.isDebian) == [true, false, false, false])
    }

    @Test func `where there is no client of PyPI's, Debian has one`() throws {
        let plan = InstallPlan([try pack("zig")], pip: nil)
        #expect(plan.commands[0].words.last == "python3-pip")
        #expect(plan.commands[1].words.first == "pip3")
    }
}

struct CatalogueDirectoryTests {
    @Test func `the listing says versions, how programs start, and the one command that installs`() throws {
        let catalogue = LanguageCatalogue([
            PackSource(id: "here", json: Self.pack("here", program: "/bin/sh")),
            PackSource(id: "gone", json: Self.pack("gone", program: "/no/such/program")),
        ])
        let day = try #require(CivilDate(iso: "2024-01-01"))
        let listing = CatalogueDirectory(
            catalogue, versions: { ["here": "1.2"] },
            releases: { ["here": Release(day: day, source: .debian)] }
        ).listing
        let json = String(decoding: LanguageListing.encode(listing), as: UTF8.self)
        #expect(json.contains(#""version":"1.2","released":"2024-01-01","released_by":"debian","age_days":"#))
        #expect(json.contains(#""version":null,"released":null,"released_by":null,"age_days":null"#))
        #expect(listing.map(\.id) == ["here", "gone"])
        #expect(listing.map(\.version) == ["1.2", nil])
        #expect(listing.map(\.start) == ["exec", "exec"])
        #expect(listing.map(\.installed) == [true, false])
        #expect(listing.map(\.hint) == [nil, "diatom languages install gone"])
        let python = CatalogueDirectory(LanguageCatalogue()).listing.first { $0.id == "python" }
        #expect(python?.start == "forked")
    }

    private static func pack(_ id: String, program: String) -> [UInt8] {
        let text = """
            {"id": "\(id)", "aliases": [], "extensions": [], "interpreters": [], "name": "X", "entry": "x",
             "requires": {"x": ["\(program)"]}, "install": {"debian": ["x"]}, "run": ["{x}"]}
            """
        return Array(text.utf8)
    }
}
