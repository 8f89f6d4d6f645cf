internal import Glibc
internal import Posix

/// A program started by us without any sandbox, its output read to the end, its end waited for.
struct BareStart: Sendable {
    enum Failure: Error, Hashable {
        case start(String)
        case exit(status: Int32)
    }

    var path: String
    var arguments: [String]

    /// Runs once with an empty environment; what it printed, and how long all of it took.
    ///
    /// `posix_spawn` is a vfork here, so the size of this process costs nothing.
    func run() throws(Failure) -> (nanoseconds: Int64, output: [UInt8]) {
        let begun = Monotonic.now()
        let pid: Int32
        var output: [UInt8] = []
        do throws(SystemFailure) {
            var pipe = try Pair.pipe()
            pid = try ChildProcess.start(
                path, arguments,
                descriptors: [(null, 0), (pipe.second.rawValue, 1), (pipe.second.rawValue, 2)])
            _ = pipe.takeSecond()
            Self.drain(pipe.first.rawValue, into: &output)
        } catch { throw .start(error.description) }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        let taken = Monotonic.now() - begun
        guard status == 0 else { throw .exit(status: status) }
        return (taken, output)
    }

    private static func drain(_ descriptor: Int32, into output: inout [UInt8]) {
        while true {
            var ended = false
            let bytes = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
                let result = read(descriptor, buffer.baseAddress, buffer.count)
                ended = result == 0 || (result < 0 && errno != EINTR)
                count = max(0, result)
            }
            output += bytes
            if ended { return }
        }
    }
}

/// `/dev/null`, opened once for all children.
private let null: Int32 = open("/dev/null", O_RDWR | O_CLOEXEC)
