internal import Glibc

/// A pipe that wakes a thread which polls; neither end ever blocks, and no child inherits it.
struct Bell: ~Copyable, Sendable {
    /// Readable after ``ring()`` until ``silence()``.
    let descriptor: Int32
    let rope: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        _ = pipe(&ends)
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        descriptor = ends[0]
        rope = ends[1]
    }

    borrowing func ring() {
        var one: UInt8 = 1
        _ = write(rope, &one, 1)
    }

    borrowing func silence() {
        var rings: UInt64 = 0
        while read(descriptor, &rings, 8) == 8 {}
    }

    deinit {
        close(descriptor)
        close(rope)
    }
}
