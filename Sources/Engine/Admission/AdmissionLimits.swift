package import Domain

/// What the queue in front of the engine may hold and let through.
package struct AdmissionLimits: Hashable, Sendable {
    /// Runs that wait, by number and by what their requests hold.
    package var mostWaiting = 500
    package var mostWaitingBytes: ByteCount = .mebibytes(256)
    /// Runs that were let in, sleeping ones too.
    package var mostRunning = 1_000
    /// Runs that want a processor at the same time.
    package var mostBusy: Int
    /// What stays free of the machine's memory; nil is a tenth of it.
    package var memoryReserve: ByteCount?
    /// What a run is taken to need before it shows in what is measured.
    package var startingMemory: ByteCount = .mebibytes(16)

    /// Some more than there are processors: a run that starts or ends waits for the kernel much of the time.
    package init(processors: Int = 2) { mostBusy = max(8, 4 * processors) }
}

/// What a run's wish to be let in says of itself.
package struct AdmissionWish: Hashable, Sendable {
    package var key: KeyID
    package var allowance: KeyAllowance
    package var priority: Int
    /// In nanoseconds of the monotonic clock.
    package var deadline: Int64?
    package var bytes: Int

    package init(
        key: KeyID, allowance: KeyAllowance = KeyAllowance(), priority: Int = 5, deadline: Int64? = nil,
        bytes: Int = 0
    ) {
        self.key = key
        self.allowance = allowance
        self.priority = priority
        self.deadline = deadline
        self.bytes = bytes
    }
}

/// Both clocks in nanoseconds: one that never jumps, and the one that has midnights.
package struct AdmissionTime: Hashable, Sendable {
    static let day: Int64 = 86_400_000_000_000

    package var monotonic: Int64
    package var wall: Int64

    package init(monotonic: Int64, wall: Int64) {
        self.monotonic = monotonic
        self.wall = wall
    }

    var today: Int64 { wall / Self.day }
    var untilMidnight: Int64 { Self.day - wall % Self.day }
}

/// What the machine says of itself at one moment.
package struct MachineLoad: Hashable, Sendable {
    /// Tasks that run or want to; nil where it is not known.
    package var runnable: Int?
    package var availableMemory: ByteCount?
    package var totalMemory: ByteCount?

    package init(runnable: Int? = nil, availableMemory: ByteCount? = nil, totalMemory: ByteCount? = nil) {
        self.runnable = runnable
        self.availableMemory = availableMemory
        self.totalMemory = totalMemory
    }
}

/// What the queue has done and holds, for metrics.
package struct AdmissionSnapshot: Hashable, Sendable {
    package var running = 0
    package var waiting = 0
    package var waitingByKey: [KeyID: Int] = [:]
    package var admitted = 0
    package var cancelled = 0
    package var expired = 0
    package var refused: [AdmissionRefusal.Reason: Int] = [:]

    package init() {}
}

/// Why a run was not even let wait, and when it may be worth asking again.
package struct AdmissionRefusal: Hashable, Sendable {
    package enum Reason: String, Hashable, Sendable, CaseIterable {
        case queueFull = "queue_full"
        case rate
        case dailyCPU = "daily_cpu"
        case draining
    }

    package var reason: Reason
    package var retryAfter: Duration

    package init(_ reason: Reason, retryAfter: Duration) {
        self.reason = reason
        self.retryAfter = retryAfter
    }
}
