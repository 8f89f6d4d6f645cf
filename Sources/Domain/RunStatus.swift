/// Why a run ended.
package enum RunStatus: String, Hashable, Sendable, CaseIterable {
    case succeeded
    /// A non-zero exit code or an uncaught error.
    case failed
    case compileFailed = "compile_failed"
    case timeExceeded = "time_exceeded"
    case cpuExceeded = "cpu_exceeded"
    case memoryExceeded = "memory_exceeded"
    case outputExceeded = "output_exceeded"
    case diskExceeded = "disk_exceeded"
    /// Ended by a signal that no limit sent.
    case killed
    /// Analysis said no.
    case refused
    case cancelled
    case engineFailed = "engine_failed"
}
