internal import Domain
internal import FoundationEssentials
internal import Testing

/// One program of Tests/Fixtures/friendly; its README says what the fields mean.
struct FriendlyProgram: CustomTestStringConvertible, Decodable, Sendable {
    struct File: Decodable, Sendable {
        var path: String
        var content: String
    }

    var id: String
    var file: String
    var language: String
    var stdin: String?
    var args: [String]?
    var files: [File]?
    var stdout: String?
    var stdoutContains: [String]?
    var exitCode: Int32
    var needs: [String]?
    var commands: [String]?
    var collect: [String]?
    var together: Bool?

    var testDescription: String { id }

    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent()
        .appending(path: "Fixtures/friendly")

    static let all: [FriendlyProgram] = {
        do {
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            return try decoder.decode(
                [FriendlyProgram].self, from: Data(contentsOf: folder.appending(path: "manifest.json")))
        } catch {
            fatalError("the friendly programs cannot be read: \(error)")
        }
    }()

    func request(_ start: RunRequest.Start) throws -> RunRequest {
        let code = [UInt8](try Data(contentsOf: Self.folder.appending(path: file)))
        var request = try Lab.request("", language, start: start)
        request.files[0].content = code
        request.files += try (files ?? []).map {
            SourceFile(path: try WorkspacePath(parsing: $0.path), content: Array($0.content.utf8))
        }
        request.entry = request.files[0].path.description
        request.stdin = .bytes(Array((stdin ?? "").utf8))
        request.args = (args ?? []).map { Array($0.utf8) }
        request.collect = collect ?? []
        return request
    }
}

/// A sandbox that forbids everything is no use: ordinary programs simply work.
@Suite(.needsSandboxes, .timeLimit(.minutes(3)))
struct FriendlyTests {
    @Test(arguments: FriendlyProgram.all, Lab.starts)
    func `an ordinary program works`(_ program: FriendlyProgram, _ start: RunRequest.Start) async throws {
        if let missing = try await missing(program) { try Test.cancel("this machine lacks \(missing)") }
        let request = try program.request(start)
        guard program.together == true else {
            return try await check(try await Lab.engine().run(request), program, start)
        }
        async let first = Lab.engine().run(request)
        async let second = Lab.engine().run(request)
        try await check(try await first, program, start)
        try await check(try await second, program, start)
    }

    private func check(
        _ result: RunResult, _ program: FriendlyProgram, _ start: RunRequest.Start
    ) async throws {
        #expect(result.verdict.exitCode == program.exitCode, result.account)
        #expect(result.verdict.status == (program.exitCode == 0 ? .succeeded : .failed), result.account)
        if let stdout = program.stdout { #expect(result.out == stdout, result.account) }
        for piece in program.stdoutContains ?? [] { #expect(result.out.contains(piece), result.account) }
        let expected = start == .warm ? try await Lab.warmStart(program.language) : .exec
        #expect(result.receipt?.start == expected)
        for pattern in program.collect ?? [] {
            #expect(
                result.files.contains { $0.path.description == pattern && !$0.content.isEmpty },
                result.account)
        }
    }

    func missing(_ program: FriendlyProgram) async throws -> String? {
        for module in program.needs ?? [] {
            let found = try await Lab.run(
                "import importlib.util, sys\nsys.exit(importlib.util.find_spec('\(module)') is None)",
                start: .fresh)
            if found.verdict.exitCode == 1 { return module }
        }
        for command in program.commands ?? [] {
            let found = try await Lab.run("command -v \(command)", "sh")
            if found.verdict.exitCode != 0 { return command }
        }
        return nil
    }
}
