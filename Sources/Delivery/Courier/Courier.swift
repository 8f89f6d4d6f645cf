internal import Domain
internal import Glibc
internal import Posix

/// A diatom-courier at work, which sends one thing after the other.
///
/// Names, TLS and proxies are libcurl's, in a program of its own: the service need not load some thirty libraries.
final class Courier: Sendable {
    private static let mostAnswer = 64 << 10

    private let thread: BlockingThread
    private let pid: Int32
    private let channel: Descriptor

    init(program: String, environment: [String]) throws(SystemFailure) {
        var ends = try Pair.streams()
        pid = try ChildProcess.start(
            program, ["deliver"], environment: environment,
            descriptors: [(ends.second.rawValue, 0), (2, 2)])
        _ = ends.takeSecond()
        channel = ends.takeFirst()
        do throws(SystemFailure) { thread = try BlockingThread() } catch {
            Self.end(pid)
            throw error
        }
    }

    deinit {
        thread.stop()
        Self.end(pid)
    }

    private static func end(_ pid: Int32) {
        kill(pid, SIGKILL)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    }

    /// Whether it may be given more: it ends by itself when it was idle for long.
    var isThere: Bool {
        var watched = pollfd(fd: channel.rawValue, events: Int16(POLLIN), revents: 0)
        return poll(&watched, 1, 0) == 0
    }

    /// nil where the courier ended instead of answering.
    func send(_ request: OutboundRequest) async -> OutboundAnswer? {
        let order = request.order
        // Its own time-out comes first; this one is for a courier that hangs.
        let patience = Int32(clamping: request.timeout.inNanoseconds / 1_000_000_000) + 10
        return await thread.perform { self.exchange(order, patience) }
    }

    private func exchange(_ order: [UInt8], _ seconds: Int32) -> OutboundAnswer? {
        var limit = timeval(tv_sec: Int(seconds), tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(
                channel.rawValue, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        // Nobody at the other end is an error like others: the service ignores SIGPIPE.
        do throws(SystemFailure) { try writeAll(channel.rawValue, order) } catch { return nil }
        guard let head = readAll(channel.rawValue, 8) else { return nil }
        let (status, length) = head.withUnsafeBytes {
            ($0.loadUnaligned(as: UInt32.self), $0.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
        }
        guard length <= Self.mostAnswer, let text = readAll(channel.rawValue, Int(length)) else { return nil }
        return status == 0 ? .failed(String(decoding: text, as: UTF8.self)) : .status(Int(status), text)
    }
}
