package import Domain

/// A sandbox that is to stay, and what its first guest is.
package struct SessionOrder: Sendable {
    /// Of the first guest: a context's, or exec.
    package var host: StepOrder.Host
    package var arguments: [[UInt8]]
    package var environment: [EnvironmentVariable]
    package var limits: Limits
    package var key: KeyID
    package var network = NetworkPolicy.none
    /// The session that it is to be a copy of, as that one's init was told (``SandboxSession/branch(from:)``).
    package var origin: SandboxSession?

    package init(
        host: StepOrder.Host, arguments: [[UInt8]] = [Array("context".utf8)],
        environment: [EnvironmentVariable], limits: Limits, key: KeyID
    ) {
        self.host = host
        self.arguments = arguments
        self.environment = environment
        self.limits = limits
        self.key = key
    }
}

/// What a session has used and has, as its control group counts it; nil where none does.
package struct SessionMeasure: Hashable, Sendable {
    package var cpu: Duration?
    package var memory: ByteCount?
    package var memoryPeak: ByteCount?
    package var processesPeak: Int?
    package var oomKills: UInt64
    package var processRefusals: UInt64
}

/// What a process of a session says.
package enum ProcessEvent: ChannelEvent {
    case output(RunEvent.Output)
    /// Of a context: one frame of its socket, whole.
    case frame([UInt8])
    case ended(ProcessEnd)

    package var cost: Int {
        switch self {
        case .output(let output): output.bytes.count
        case .frame(let bytes): bytes.count
        case .ended: 0
        }
    }
}

/// How a process of a session ended.
package struct ProcessEnd: Hashable, Sendable {
    package var exitCode: Int32?
    package var signal: Int32?
    /// Why it could not be started, if that was so; an errno.
    package var failure: Int32 = 0
    /// The session ended with it.
    package var sessionEnded = false

    package init(status: UInt32, failure: Int32 = 0) {
        let low = Int32(status & 0x7f)
        if low == 0 { exitCode = Int32(status >> 8 & 0xff) } else { signal = low }
        self.failure = failure
    }

    package static var withSession: ProcessEnd {
        var end = ProcessEnd(status: 9)
        end.sessionEnded = true
        return end
    }
}
