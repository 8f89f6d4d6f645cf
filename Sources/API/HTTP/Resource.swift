internal import Domain

/// What a path names.
enum Resource: Hashable {
    case runs
    case run(RunID)
    case languages
    case version
    case health
    case readiness

    /// Finds the resource of a path, which must match to the byte.
    init?(path: String) {
        switch path {
        case "/v1/runs": self = .runs
        case "/v1/languages": self = .languages
        case "/v1/version": self = .version
        case "/healthz": self = .health
        case "/readyz": self = .readiness
        case _ where path.hasPrefix("/v1/runs/"):
            guard let id = RunID(parsing: String(path.dropFirst("/v1/runs/".count))) else { return nil }
            self = .run(id)
        default: return nil
        }
    }

    var methods: [String] {
        switch self {
        case .runs: ["POST"]
        case .run: ["GET", "HEAD", "DELETE"]
        case .languages, .version, .health, .readiness: ["GET", "HEAD"]
        }
    }
}
