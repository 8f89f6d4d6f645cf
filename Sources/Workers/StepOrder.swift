package import Domain

/// One program to be started in one sandbox: a compile step, or a run step.
package struct StepOrder: Sendable {
    /// What starts the program: the kinds that a jailer may keep.
    package enum Host: UInt32, CaseIterable, Sendable {
        case exec = 0
        case python = 1
        case node = 2
        case typescript = 3

        package var start: Receipt.Start {
            switch self {
            case .exec: .exec
            case .python, .node, .typescript: .forked
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
