internal import Domain

/// What a path names.
enum Resource: Hashable {
    case runs
    case run(RunID)
    case runEvents(RunID)
    case runFile(RunID, String)
    case batch
    case languages
    case environments
    /// By the hash of an environment, or the id of a build.
    case environment(String)
    case version
    case health
    case readiness

    /// Finds the resource of a path, which must match to the byte.
    init?(path: String) {
        switch path {
        case "/v1/runs": self = .runs
        case "/v1/runs/batch": self = .batch
        case "/v1/languages": self = .languages
        case "/v1/environments": self = .environments
        case "/v1/version": self = .version
        case "/healthz": self = .health
        case "/readyz": self = .readiness
        case _ where path.hasPrefix("/v1/runs/"):
            let parts = path.dropFirst("/v1/runs/".count).split(
                separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
            guard let id = RunID(parsing: String(parts[0])) else { return nil }
            switch (parts.count, parts.dropFirst().first) {
            case (1, _): self = .run(id)
            case (2, "events"): self = .runEvents(id)
            case (3, "files"): self = .runFile(id, String(parts[2]))
            default: return nil
            }
        case _ where path.hasPrefix("/v1/environments/"):
            let id = String(path.dropFirst("/v1/environments/".count))
            guard EnvironmentRecord.isHash(id) else { return nil }
            self = .environment(id)
        default: return nil
        }
    }

    /// Whether it looks at its query parameters itself; all others have none.
    var readsQuery: Bool {
        switch self {
        case .runs, .run, .runEvents, .batch, .environments, .environment: true
        case .runFile, .languages, .version, .health, .readiness: false
        }
    }

    var methods: [String] {
        switch self {
        case .runs: ["POST", "GET", "HEAD"]
        case .batch: ["POST"]
        case .runEvents, .runFile: ["GET", "HEAD"]
        case .run, .environment: ["GET", "HEAD", "DELETE"]
        case .environments: ["GET", "HEAD", "POST", "DELETE"]
        case .languages, .version, .health, .readiness: ["GET", "HEAD"]
        }
    }
}
