internal import Domain
internal import Engine
internal import Glibc
internal import Posix
internal import Testing
internal import Workers

/// One engine with warm hosts that most tests share, and short ways to ask it for a run.
///
/// Control groups are used where this user may make any; `memory:sampled` is allowed for where not.
enum Lab {
    static let jailer = ChildProcess.ownFolder() + "/diatom-jailer"
    static let library = ChildProcess.ownFolder() + "/libcjail.so"

    /// Why no sandbox can be made by these tests; nil when all is well.
    static let obstacle: String? = {
        guard access(jailer, X_OK) == 0 else { return "diatom-jailer is not built beside the tests" }
        guard access(library, R_OK) == 0 else {
            return "libcjail.so is not built beside the tests (make builds it)"
        }
        return nil
    }()

    private static let shared = Result { try makeEngine() }

    static func engine() throws -> RunEngine { try shared.get() }

    static func makeEngine(configure: (inout EngineConfiguration) -> Void = { _ in }) throws -> RunEngine {
        // As the programs do: a guest that closes its standard input must not end us.
        signal(SIGPIPE, SIG_IGN)
        var configuration = EngineConfiguration(jailer: jailer)
        configuration.allowed = ["memory:sampled"]
        configure(&configuration)
        return try RunEngine(configuration)
    }

    /// Whether a controller counts memory, processes and processor time.
    static func hasControllers() async throws -> Bool {
        let greeting = try #require(await engine().greeting())
        try #require(greeting.refusal == nil)
        return !greeting.isSampled
    }

    static func request(
        _ code: String, _ language: String = "python", start: RunRequest.Start = .warm, file: String? = nil
    ) throws -> RunRequest {
        let entry =
            file ?? [
                "python": "main.py", "c": "main.c", "javascript": "main.js", "typescript": "main.ts",
                "sqlite": "main.sql",
            ][
                language] ?? "main.sh"
        var request = RunRequest(
            language: language,
            files: [SourceFile(path: try WorkspacePath(parsing: entry), content: Array(code.utf8))])
        request.start = start
        request.limits.wall = .seconds(20)
        return request
    }

    static func run(
        _ code: String, _ language: String = "python", start: RunRequest.Start = .warm,
        configure: (inout RunRequest) throws -> Void = { _ in }
    ) async throws -> RunResult {
        var request = try request(code, language, start: start)
        try configure(&request)
        return try await engine().run(request)
    }

    /// What a warm start of a language is called here.
    static func warmStart(_ language: String) async throws -> Receipt.Start {
        let hosts = try #require(await engine().greeting()).hosts
        switch language {
        case "python": return hosts.contains(.python) ? .forked : .exec
        case "javascript": return hosts.contains(.node) ? .forked : .exec
        case "typescript": return hosts.contains(.typescript) ? .forked : .exec
        case "sqlite": return hosts.contains(.sql) ? .forked : .exec
        default: return .exec
        }
    }

    static let starts: [RunRequest.Start] = [.warm, .fresh]
}

extension RunResult {
    var out: String { String(decoding: stdout, as: UTF8.self) }
    var err: String { String(decoding: stderr, as: UTF8.self) }

    /// For the message of an expectation that failed.
    var account: Comment {
        "\(verdict) \(failure ?? "")\nstdout: \(out.prefix(2000))\nstderr: \(err.prefix(2000))"
    }
}

extension Trait where Self == ConditionTrait {
    static var needsSandboxes: Self { .enabled(if: Lab.obstacle == nil, "\(Lab.obstacle ?? "")") }

    static var needsControllers: Self {
        .enabled("no control group can be made by this user here: memory is sampled") {
            try await Lab.hasControllers()
        }
    }
}
