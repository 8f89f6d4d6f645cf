package import Domain
package import Posix

/// What a step says while it goes on.
package enum StepEvent: Sendable {
    case started
    case output(RunEvent.Output)
    /// A regular file of the finished workspace; the receiver decides whether it is wanted.
    case found(FoundFile)
    case denied(NetworkDenial)
    case ended(StepOutcome)
    /// The jailer refused, or is gone; nothing ran, or nothing is known of how it ended.
    case failed(String)
    /// Nothing ran: there is no confined host that it could be forked from.
    case unhosted
}

/// A file whose bytes have not been read.
package struct FoundFile: Sendable {
    package var path: [UInt8]
    package var size: Int
    package var isExecutable: Bool
    package var content: SharedDescriptor
}

/// How a step ended and what it used: facts, from which ``VerdictRules`` makes the verdict.
package struct StepOutcome: Sendable {
    package enum Reason: UInt32, Sendable {
        case own = 0, wall, cpu, memory, output, cancelled, engine, hostMemory
    }

    package var reason: Reason
    package var exitCode: Int32?
    package var signal: Int32?
    package var usage: Usage
    package var sampled = false
    package var oomKills: UInt64 = 0
    package var processRefusals: UInt64 = 0
    package var diskTotal: UInt64 = 0
    package var diskFree: UInt64 = 0
    package var inodesTotal: UInt64 = 0
    package var inodesFree: UInt64 = 0
    /// The stage and cause of a failure of the sandbox itself.
    package var failure: String?
    package var stdoutCut = false
    package var stderrCut = false
    /// Of a step that had a network.
    package var network: NetworkUse?

    package init(reason: Reason, usage: Usage) {
        self.reason = reason
        self.usage = usage
    }
}
