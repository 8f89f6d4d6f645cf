import Domain
internal import Engine
import Glibc
import Languages
import Testing

/// The packs' own programs in sandboxes with the default limits: what a pack says of its language is true.
///
/// One after another: each compiles with both cores, beside the other suites.
@Suite(.serialized, .needsSandboxes, .timeLimit(.minutes(5)))
struct LanguageSmokeTests {
    private static let catalogue = LanguageCatalogue()

    /// SQL needs a program of our own only, which is built where its library is.
    static let installed = (SmokeProgram.testedLanguages + ["sqlite"]).filter { id in
        (try? catalogue.pack(named: id))?.missing == nil
    }

    @Test(arguments: installed)
    func `a language's smoke programs end as its pack says`(_ id: String) async throws {
        let pack = try #require(try Self.catalogue.pack(named: id))
        let programs = try SmokeProgram.all(of: id)
        try #require(programs.count >= 10)
        for program in programs {
            for start in pack.host == nil ? [.fresh] : Lab.starts { try await run(program, pack, start) }
        }
    }

    @Test(.enabled(if: getenv("CI") != nil, "only CI has to have them all"))
    func `CI has every language that is tested`() {
        #expect(Self.installed == SmokeProgram.testedLanguages + ["sqlite"])
    }

    private func run(_ program: SmokeProgram, _ pack: LanguagePack, _ start: RunRequest.Start) async throws {
        let given = program.description
        var request = RunRequest(language: program.language, files: program.files)
        request.entry = pack.entry
        request.start = start
        request.stdin = .bytes(Array((given.stdin ?? "").utf8))
        request.args = (given.args ?? []).map { Array($0.utf8) }
        if let milliseconds = given.wallMs { request.limits.wall = .milliseconds(milliseconds) }
        check(program, try await Lab.engine().run(request))
    }

    private func check(_ program: SmokeProgram, _ result: RunResult) {
        let expected = program.description.expect
        let compiler = String(decoding: result.compile?.stderr ?? [], as: UTF8.self)
        let account: Comment = "\(program.testDescription): \(result.account.rawValue)\ncompiler: \(compiler)"
        #expect(result.verdict.status.rawValue == expected.status, account)
        if let code = expected.exitCode { #expect(result.verdict.exitCode == code, account) }
        if let signal = expected.signal { #expect(result.verdict.signal == signal, account) }
        if let stdout = expected.stdout { #expect(result.out == stdout, account) }
        if let text = expected.stderrContains { #expect(result.err.contains(text), account) }
        guard let wanted = expected.error else { return }
        #expect(result.error?.name == wanted.name, account)
        if let message = wanted.message { #expect(result.error?.message == message, account) }
        if let file = wanted.file { #expect(result.error?.file == file, account) }
        if let line = wanted.line { #expect(result.error?.line == line, account) }
        if let column = wanted.column { #expect(result.error?.column == column, account) }
    }
}
