package import Domain

/// One program to be started in one sandbox: a compile step, or a run step.
package struct StepOrder: Sendable {
    /// What starts the program: the kinds that a jailer may keep.
    package enum Host: UInt32, CaseIterable, Sendable {
        case exec = 0
        case python = 1
        case node = 2
        case typescript = 3
        case sql = 4
        /// Of sessions: forks of it are contexts.
        case pythonContext = 5

        /// By the name that language packs use.
        package init?(named name: String) {
            switch name {
            case "python": self = .python
            case "node": self = .node
            case "typescript": self = .typescript
            case "sql": self = .sql
            default: return nil
            }
        }
    }

    package var host: Host
    package var arguments: [[UInt8]]
    package var environment: [EnvironmentVariable]
    package var files: [SourceFile]
    package var stdin: Stdin
    package var limits: Limits
    package var key: KeyID
    /// Whether the workspace's files are wanted afterwards.
    package var collects = false
    /// The only file that is wanted of the workspace, where it is one: once it is there, nothing more is waited for.
    package var onlyFile: String?
    package var profile = false
    /// What the program may reach.
    package var network = NetworkPolicy.none
    /// What of it may have a private address although no configuration lists it: servers that the operator named.
    package var privateEndpoints: [NetworkPolicy.Endpoint] = []
    /// The environment whose confined host it is to be forked from; refused where there is none.
    package var confined: String?
    /// Not a run, but the order to be that host: it says that it started when it can fork.
    package var isHost = false

    package init(
        host: Host, arguments: [[UInt8]], environment: [EnvironmentVariable], files: [SourceFile],
        stdin: Stdin,
        limits: Limits, key: KeyID
    ) {
        self.host = host
        self.arguments = arguments
        self.environment = environment
        self.files = files
        self.stdin = stdin
        self.limits = limits
        self.key = key
    }
}
