import Domain
import Engine
import FoundationEssentials
import Glibc
import Languages
import Testing

/// A toolchain outside of /usr: only the operator's file makes sandboxes see it, and none can change it.
@Suite(.needsSandboxes, .timeLimit(.minutes(1)))
struct ToolchainTests: ~Copyable {
    private let folder: String

    init() throws { folder = try Self.makeFolder() }

    /// Not in /tmp, which sandboxes have of their own.
    private static func makeFolder() throws -> String {
        var template = Array("/var/tmp/diatom-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw CocoaError(.fileWriteUnknown) }
        let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        chmod(folder, 0o755)
        mkdir(folder + "/bin", 0o755)
        let program = "#!/bin/sh\necho \"mine: $1\"\ntouch \"$0\" 2>&1 || echo read-only\n"
        try Data(program.utf8).write(to: URL(filePath: folder + "/bin/lua5.4"))
        chmod(folder + "/bin/lua5.4", 0o755)
        try Data("lua = \(folder)\n".utf8).write(to: URL(filePath: folder + "/toolchains.conf"))
        chmod(folder + "/toolchains.conf", 0o644)
        return folder
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func engine(shown: Bool) throws -> RunEngine {
        let path = folder + "/toolchains.conf"
        var configuration = EngineConfiguration(jailer: Lab.jailer)
        configuration.allowed = ["memory:sampled"]
        configuration.keepsWarmHosts = false
        configuration.toolchains = shown ? path : folder + "/none"
        return try RunEngine(
            configuration, catalogue: LanguageCatalogue(toolchains: try Toolchains.load(path)))
    }

    @Test func `a toolchain that was added runs programs, and is read-only`() async throws {
        let result = try await engine(shown: true).run(try Lab.request("x", "lua", file: "main.lua"))
        #expect(result.out.hasPrefix("mine: main.lua\n"), result.account)
        #expect(result.out.hasSuffix("read-only\n"), result.account)
    }

    @Test func `without the operator's file no sandbox sees its folder`() async throws {
        let engine = try engine(shown: false)
        let result = try await engine.run(try Lab.request("ls '\(folder)' /var/tmp", "bash"))
        #expect(!result.out.contains("lua5.4") && !result.out.contains("diatom-test"), result.account)
        let run = try await engine.run(try Lab.request("x", "lua", file: "main.lua"))
        #expect(run.verdict.status == .failed || run.verdict.status == .engineFailed, run.account)
    }
}
