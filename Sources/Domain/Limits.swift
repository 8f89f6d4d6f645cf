/// What one step of a sandbox may use at the most.
///
/// The same type bounds compiling, running and (in sessions) a cell; ``Step`` says which of
/// them a set of limits is for, because their defaults differ.
package struct Limits: Hashable, Sendable {
    package enum Step: String, Hashable, Sendable, CaseIterable { case compile, run, cell }

    package var step: Step
    /// Counted from the first instruction of the guest, its sleeps included.
    package var wall: Duration = .seconds(30)
    /// Of all processes and threads together.
    package var cpu: Duration = .seconds(30)
    /// Of processes, kernel objects and files together; files live in memory.
    package var memory: ByteCount = .mebibytes(512)
    /// Processes and threads alive at the same time.
    package var processes = 64
    /// Standard output and standard error together.
    package var output = ByteCount(bytes: 1 << 20)
    /// Workspace, /tmp and /dev/shm together.
    package var disk: ByteCount = .mebibytes(64)
    /// Inodes: files, folders, links, sockets.
    package var files = 10_000
    /// 100 is one core.
    package var cpuPercent = 100

    /// The defaults of a step.
    package init(_ step: Step) {
        self.step = step
        guard step == .compile else { return }
        memory = .mebibytes(1024)
        disk = .mebibytes(256)
        cpuPercent = 200
        processes = 128
    }
}

/// The name of a limit, as requests and results spell it.
package enum LimitName: String, Hashable, Sendable, CaseIterable {
    case wall = "wall_ms"
    case cpu = "cpu_ms"
    case memory = "memory_mb"
    case processes
    case output = "output_bytes"
    case disk = "disk_mb"
    case files
    case cpuPercent = "cpu_percent"
}

/// A limit that a run reached, with what was allowed, what was measured, and by which means.
package struct LimitHit: Hashable, Sendable {
    package var name: LimitName
    /// In the unit of the limit's name.
    package var allowed: Double
    /// In the unit of the limit's name; nil where the kernel gave no figure.
    package var measured: Double?
    package var how: String

    package init(name: LimitName, allowed: Double, measured: Double?, how: String) {
        self.name = name
        self.allowed = allowed
        self.measured = measured
        self.how = how
    }
}
