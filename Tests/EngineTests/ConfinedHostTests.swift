internal import Domain
internal import Engine
internal import Glibc
internal import Posix
internal import Testing

/// Runs forked from a host that has imported an environment's packages.
@Suite(.needsSandboxes, .serialized, .timeLimit(.minutes(5)))
struct ConfinedHostTests {
    let folder: EnvironmentFolder
    let engine: RunEngine

    init() throws {
        let folder = try EnvironmentFolder()
        self.folder = folder
        engine = try Lab.makeEngine { $0.environments = folder.path }
    }

    private func run(
        _ code: String, _ image: EnvironmentImage, configure: (inout RunRequest) -> Void = { _ in }
    ) async throws -> RunResult {
        var request = try Lab.request(code)
        request.environment = image
        configure(&request)
        return try await engine.run(request)
    }

    /// Runs a program until it was forked from a confined host; the last result, however it was started.
    private func warm(_ code: String, _ image: EnvironmentImage, within tries: Int = 200) async throws
        -> RunResult
    {
        var result = try await run(code, image)
        for _ in 0..<tries
        where result.receipt?.hostUser != .environment && result.receipt?.hostUser != .shared {
            try await Task.sleep(for: .milliseconds(50))
            result = try await run(code, image)
        }
        return result
    }

    @Test func `a module that a host has imported is there, and the first run imports it itself`()
        async throws
    {
        let image = try folder.add(["shell": "import os\nborn = os.getpid()\nvalue = [1]\n"])
        let code = "import shell, os\nprint(shell.value, shell.__file__)\nshell.value.append(os.getpid())"
        let first = try await run(code, image)
        #expect(first.verdict.status == .succeeded, first.account)
        #expect(first.receipt?.hostUser == .own)
        let last = try await warm(code, image)
        #expect(last.receipt?.hostUser == .environment, last.account)
        #expect(last.out == first.out)
        for _ in 0..<5 {
            let next = try await run(code, image)
            #expect(next.out == first.out && next.receipt?.hostUser == .environment, next.account)
        }
    }
}
