internal import Glibc

/// Notices when the time of day jumps, against a clock that never does; pure but for ``now()``.
package struct ClockWatch: Hashable, Sendable {
    /// Both clocks in nanoseconds, the second one with the time that the machine slept.
    package struct Moment: Hashable, Sendable {
        package var wall: Int64
        package var boot: Int64

        package init(wall: Int64, boot: Int64) {
            self.wall = wall
            self.boot = boot
        }
    }

    package struct Jump: Hashable, Sendable {
        /// Ahead if positive, in nanoseconds.
        package var by: Int64
        /// Of the clock that never jumps.
        package var at: Int64
    }

    /// What is slewed or stepped by time servers every day.
    private static let tolerance: Int64 = 10_000_000_000

    private var last: Moment
    /// The last one.
    package private(set) var jump: Jump?

    package init(_ start: Moment) { last = start }

    /// Looks at the clocks, which somebody does every minute or so.
    ///
    /// - Returns: The jump, if there was one since the last look.
    package mutating func look(_ moment: Moment) -> Jump? {
        let by = (moment.wall - last.wall) - (moment.boot - last.boot)
        last = moment
        guard abs(by) > Self.tolerance else { return nil }
        jump = Jump(by: by, at: moment.boot)
        return jump
    }

    /// Whether it jumped within a time, in nanoseconds, before `moment`.
    package func hasJumped(within time: Int64, of moment: Moment) -> Bool {
        jump.map { moment.boot - $0.at < time } ?? false
    }

    package static func now() -> Moment {
        func read(_ clock: Int32) -> Int64 {
            var time = timespec()
            clock_gettime(clock, &time)
            return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
        }
        return Moment(wall: read(CLOCK_REALTIME), boot: read(CLOCK_BOOTTIME))
    }
}
