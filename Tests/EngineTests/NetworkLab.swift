internal import Domain
internal import Egress
internal import Engine
internal import Glibc
internal import Testing

/// Names that only these tests know.
struct MadeUpNames: NameResolver {
    static let all: [String: [String]] = [
        "server.test": ["127.0.0.1"], "other.test": ["127.0.0.1"], "a.wild.test": ["127.0.0.1"],
        "b.c.wild.test": ["127.0.0.1"], "private.test": ["10.0.0.1"], "loop.test": ["127.0.0.1"],
        "metadata.test": ["169.254.169.254"], "metadata6.test": ["fd00:ec2::254"],
        "mapped.test": ["::ffff:127.0.0.1"], "translated.test": ["64:ff9b::7f00:1"],
        "multicast.test": ["224.0.0.1"], "nowhere.test": ["0.0.0.0"], "six.test": ["::1", "fe80::1"],
        // Nothing that is private is tried, whatever stands beside it.
        "mixed.test": ["10.0.0.1", "127.0.0.1", "::1"], "gone.test": [],
    ]

    func addresses(of name: String) -> [IPAddress] {
        (Self.all[name] ?? (name.hasSuffix(".wild.test") ? ["127.0.0.1"] : [])).compactMap { IPAddress($0) }
    }
}

/// Servers on this machine's loopback, and an engine whose operator lets runs reach them.
struct NetworkLab {
    static let shared = Result { try NetworkLab() }

    let echo: LoopbackServer
    let late: LoopbackServer
    let engine: RunEngine

    init() throws {
        echo = try .echo()
        late = try .lateAnswer()
        engine = try Self.engine(reaching: [echo, late])
    }

    static func engine(reaching servers: [LoopbackServer]) throws -> RunEngine {
        signal(SIGPIPE, SIG_IGN)
        var configuration = EngineConfiguration(jailer: Lab.jailer)
        configuration.allowed = ["memory:sampled"]
        for server in servers {
            for host in ["server.test", "*.wild.test", "127.0.0.1", "localhost", "nowhere.test"] {
                configuration.privateEndpoints.append(try .init(host: host, port: server.port))
            }
        }
        return try RunEngine(configuration, resolver: MadeUpNames())
    }

    func run(
        _ code: String, _ language: String = "python", allow: [String], start: RunRequest.Start = .warm,
        configure: (inout RunRequest) throws -> Void = { _ in }
    ) async throws -> RunResult {
        var request = try Lab.request(code, language, start: start)
        request.network = NetworkPolicy(allow: try allow.map { text in try .init(parsing: text) })
        try configure(&request)
        return try await engine.run(request)
    }
}
