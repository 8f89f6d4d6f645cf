internal import Glibc

/// The time of day; everything that only measures uses the monotonic clock instead.
package enum WallClock {
    /// Nanoseconds since 1970.
    package static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

extension RunID {
    /// A new id, made from the present time.
    package static func now() -> RunID {
        RunID(milliseconds: UInt64(WallClock.now() / 1_000_000), random: SystemRandomNumberGenerator())
    }
}
