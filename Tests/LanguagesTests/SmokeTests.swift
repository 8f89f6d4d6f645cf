import Domain
import Languages
import Testing

/// The packs' own programs, run bare: what a pack says of its language is true of the real thing.
@Suite(.timeLimit(.minutes(2)))
struct SmokeTests {
    private let catalogue = LanguageCatalogue()

    @Test(arguments: SmokeProgram.all)
    func `a smoke program ends as its pack says`(_ program: SmokeProgram) throws {
        let pack = try #require(try catalogue.pack(named: program.language))
        let scratch = try BareProcess()
        for file in program.files { try scratch.write(file.path.description, file.content) }
        let values = pack.values(
            entry: pack.entry, files: program.files.map(\.path.description),
            programs: try pack.locatePrograms())
        let expected = program.description.expect

        if let compile = pack.compile {
            let command = try compile.command.expand(values)
            let ending = try scratch.run(command, stdin: "", env: compile.env, milliseconds: 20_000)
            guard ending.exitCode == 0 else {
                #expect(
                    expected.status == "compile_failed", "\(String(decoding: ending.stderr, as: UTF8.self))")
                return check(program, ending, rules: pack.compileErrors, home: scratch.home)
            }
        }
        let command = try pack.run.expand(
            values, args: (program.description.args ?? []).map { Array($0.utf8) })
        let ending = try scratch.run(
            command.map(Self.withoutRoot),
            stdin: program.description.stdin ?? "", env: pack.env.merging(["LC_ALL": "C.UTF-8"]) { $1 },
            milliseconds: program.description.wallMs ?? 10_000)
        #expect(status(of: ending) == expected.status, "\(String(decoding: ending.stderr, as: UTF8.self))")
        guard !ending.overran else { return }
        check(program, ending, rules: pack.runErrors, home: scratch.home)
    }

    /// What sandboxes have in /diatom lies here in the project.
    private static func withoutRoot(_ argument: [UInt8]) -> [UInt8] {
        let hosts = #filePath.replacing("Tests/LanguagesTests/SmokeTests.swift", with: "hosts/node/")
        return Array(String(decoding: argument, as: UTF8.self).replacing("=/diatom/", with: "=\(hosts)").utf8)
    }

    private func status(of ending: BareProcess.Ending) -> String {
        if ending.overran { return "time_exceeded" }
        if ending.signal != nil { return "killed" }
        return ending.exitCode == 0 ? "succeeded" : "failed"
    }

    private func check(
        _ program: SmokeProgram, _ ending: BareProcess.Ending, rules: ErrorRules?, home: String
    ) {
        let expected = program.description.expect
        if let code = expected.exitCode { #expect(ending.exitCode == code) }
        if let signal = expected.signal { #expect(ending.signal == signal) }
        if let stdout = expected.stdout { #expect(String(decoding: ending.stdout, as: UTF8.self) == stdout) }
        if let text = expected.stderrContains {
            #expect(String(decoding: ending.stderr, as: UTF8.self).contains(text))
        }
        let error = rules.flatMap {
            GuestErrorReader.read(
                $0, stderr: ending.stderr, exitCode: ending.exitCode, sources: program.files, home: home)
        }
        guard let wanted = expected.error else { return }
        #expect(error?.name == wanted.name)
        if let message = wanted.message { #expect(error?.message == message) }
        if let file = wanted.file { #expect(error?.file == file) }
        if let line = wanted.line { #expect(error?.line == line) }
        if let column = wanted.column { #expect(error?.column == column) }
    }

    @Test(arguments: LanguageCatalogue().ids)
    func `every language has the smoke programs that all languages have`(_ id: String) {
        let names = Set(SmokeProgram.all.filter { $0.language == id }.map(\.name))
        let wanted = [
            "hello", "stdin", "args", "exit-code", "stderr", "several-files", "runtime-error", "time-limit",
            "utf-8",
        ]
        #expect(names.isSuperset(of: wanted))
        #expect(names.contains("compile-error") || names.contains("syntax-error"))
    }
}
