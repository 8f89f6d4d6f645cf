internal import Glibc
internal import Posix

/// Signals, handed to a thread that may do what a handler must not.
///
/// Blocking and waiting for them is no way here: the main thread of a program whose main function is asynchronous
/// sleeps in libdispatch with an empty mask, and would die of them.
enum Signals {
    nonisolated(unsafe) private static var rope: Int32 = -1
    nonisolated(unsafe) private static var bell: Int32 = -1

    /// Catches signals from now on; they wait until somebody hears them.
    static func catchAll(_ numbers: [Int32]) throws(SystemFailure) {
        var ends: [Int32] = [-1, -1]
        try check("pipe") { pipe(&ends) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
        (bell, rope) = (ends[0], ends[1])
        for number in numbers {
            signal(number) { number in
                let before = errno
                var byte = UInt8(truncatingIfNeeded: number)
                _ = write(Signals.rope, &byte, 1)
                errno = before
            }
        }
    }

    /// Has each that comes heard on a thread of its own.
    static func hear(_ act: @escaping @Sendable (Int32) -> Void) {
        startThread(name: "signals") {
            var byte: UInt8 = 0
            while true {
                let count = read(bell, &byte, 1)
                if count == 1 { act(Int32(byte)) } else if count == 0 || errno != EINTR { return }
            }
        }
    }
}
