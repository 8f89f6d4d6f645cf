internal import API
internal import Domain
internal import Glibc
internal import Service
internal import Storage
internal import Telemetry

/// Serves on a socket of its own while a body runs.
func withService(
    runner: TestRunner = TestRunner(), origins: Set<String> = [],
    configure: (inout ServiceConfiguration) -> Void = { _ in },
    _ body: @Sendable (String, ServiceServer) async throws -> Void
) async throws {
    var template = Array("/tmp/service.XXXXXX".utf8CString)
    guard let parent = mkdtemp(&template) else { return }
    let folder = String(cString: parent)
    let path = folder + "/s"
    defer {
        unlink(path + ".lock")
        rmdir(folder)
    }
    var configuration = ServiceConfiguration()
    configuration.grace = .milliseconds(200)
    configuration.patience = .milliseconds(200)
    configure(&configuration)
    let log = Log(program: "test", threshold: .error)
    var limits = ApplicationConfiguration()
    limits.origins = origins
    let application = Application(
        runner: runner, idempotency: MemoryIdempotencyStore(), languages: TestLanguages(), log: log,
        configuration: limits)
    let server = ServiceServer(
        socketPath: path, application: application, log: log, configuration: configuration)
    let (listening, signal) = AsyncStream<Never>.makeStream()
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await server.run { signal.finish() } }
        for await _ in listening {}
        defer { server.stop() }
        try await body(path, server)
    }
}

func eventually(_ condition: @Sendable () -> Bool) async -> Bool {
    for _ in 0..<500 {
        if condition() { return true }
        try? await Task.sleep(for: .milliseconds(10))
    }
    return false
}

let quiet = Log(program: "test", threshold: .error)

func testApplication() -> Application {
    Application(
        runner: TestRunner(), idempotency: MemoryIdempotencyStore(), languages: TestLanguages(), log: quiet)
}
