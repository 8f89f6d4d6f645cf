internal import Domain

/// The exit codes of `diatom run`, as the contract lists them.
enum ExitCode {
    static let wrongUsage: Int32 = 2
    static let overDiskOrOutput: Int32 = 122
    static let compileFailed: Int32 = 123
    static let overTime: Int32 = 124
    static let engineFailed: Int32 = 125
    static let refused: Int32 = 126
    static let cancelled: Int32 = 130
    static let overMemory: Int32 = 137

    static func of(_ verdict: Verdict) -> Int32 {
        switch verdict.status {
        case .succeeded: verdict.exitCode ?? 0
        case .failed: verdict.exitCode ?? 1
        case .compileFailed: compileFailed
        case .timeExceeded, .cpuExceeded: overTime
        case .memoryExceeded: overMemory
        case .outputExceeded, .diskExceeded: overDiskOrOutput
        case .killed: 128 + (verdict.signal ?? 0)
        case .refused: refused
        case .cancelled: cancelled
        case .engineFailed: engineFailed
        }
    }

    /// A request that was wrong is wrong usage; one that this machine cannot serve is the engine's failure.
    static func of(_ error: RequestError) -> Int32 {
        switch error.code {
        case .malformed, .unknownField, .invalidValue, .limitTooHigh, .unknownLanguage, .tooLarge: wrongUsage
        case .notFound, .conflict, .unsupported, .unauthorized, .forbidden: wrongUsage
        case .environmentFailed, .notInstalled, .networkUnavailable, .isolationUnavailable, .interrupted:
            engineFailed
        case .busy, .draining, .unreachable: engineFailed
        }
    }
}
