internal import Glibc
internal import Posix

/// What a program of the machine prints when it is asked something: with a bound on time and bytes, and nothing of ours.
enum Answer {
    private static let patience: Int64 = 15_000_000_000

    /// Standard output and error together, at most `most` bytes; nothing where it cannot be started or does not end.
    static func of(_ program: String, _ arguments: [String], most: Int = 65_536) -> [UInt8] {
        guard var pipe = try? Pair.pipe(), let null = try? openNull() else { return [] }
        guard
            let pid = try? ChildProcess.start(
                program, arguments,
                // A home in which nothing can be made, even by root.
                environment: ["LANG=C.UTF-8", "PATH=/usr/bin:/bin", "HOME=/dev/null"],
                descriptors: [(null.rawValue, 0), (pipe.second.rawValue, 1), (pipe.second.rawValue, 2)])
        else { return [] }
        _ = pipe.takeSecond()
        let output = read(from: pipe.first.rawValue, most: most)
        // Its own group, for what it started and left; it has said all it had to say.
        kill(-pid, SIGKILL)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        return output
    }

    private static func read(from descriptor: Int32, most: Int) -> [UInt8] {
        let end = Monotonic.now() + patience
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while output.count < most {
            var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let rest = (end - Monotonic.now()) / 1_000_000
            guard rest > 0, poll(&watched, 1, Int32(rest)) > 0 else { return [] }
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count <= 0 { break }
            output += buffer[0..<count]
        }
        return output
    }

    private static func openNull() throws(SystemFailure) -> Descriptor {
        Descriptor(adopting: try check("open /dev/null") { open("/dev/null", O_RDWR | O_CLOEXEC) })
    }
}
