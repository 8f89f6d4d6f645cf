internal import CJail
internal import Glibc
package import Posix

/// The filters of the exec host's guests, compiled by a fork of the jailer while that makes the rest ready.
///
/// libseccomp takes some milliseconds, for which a command alone would wait. What the fork sends is not verified: it is
/// the jailer's own code, before there is any guest. Where it comes to nothing the jailer compiles them itself.
package struct FiltersAhead: ~Copyable {
    private let pipe: Descriptor
    private let pid: Int32

    /// Forks at once; costs no more than the fork.
    package static func start() throws(SystemFailure) -> FiltersAhead {
        var pair = try Pair.pipe()
        let parent = getpid()
        let pid = try checkCode("fork filters") { cjail_fork_with(pair.second.rawValue, "diatom-filters") }
        if pid == 0 { compile(for: parent) }
        return FiltersAhead(pipe: pair.takeFirst(), pid: pid)
    }

    private init(pipe: consuming Descriptor, pid: Int32) {
        self.pipe = pipe
        self.pid = pid
    }

    deinit {
        kill(pid, SIGKILL)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    }

    private static func compile(for parent: Int32) -> Never {
        // The signal is only sent for a parent that dies from now on.
        guard cjail_die_with_parent() == 0, getppid() == parent,
            let guest = try? FilterCompiler.guest(gated: false), let counter = try? FilterCompiler.counter()
        else { _exit(1) }
        let words = [UInt64(guest.count)] + guest + [UInt64(counter.count)] + counter
        let isSent = (try? writeAll(0, words.withUnsafeBytes { Array($0) })) != nil
        _exit(isSent ? 0 : 1)
    }

    /// The filter of guests and that of their counter; waits until they are made.
    borrowing func filters() throws(SystemFailure) -> (guest: [UInt64], counter: [UInt64]) {
        if let guest = readFilter(), let counter = readFilter() { return (guest, counter) }
        return (try FilterCompiler.guest(gated: false), try FilterCompiler.counter())
    }

    private borrowing func readFilter() -> [UInt64]? {
        guard let count = readWords(1)?[0], count <= UInt64(CJAIL_FILTER_MAX) else { return nil }
        return readWords(Int(count))
    }

    /// Nil where the fork has come to its end before.
    private borrowing func readWords(_ count: Int) -> [UInt64]? {
        var words = [UInt64](repeating: 0, count: count)
        let isWhole = words.withUnsafeMutableBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = read(
                    pipe.rawValue, UnsafeMutableRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                rest = rest.dropFirst(count)
            }
            return true
        }
        return isWhole ? words : nil
    }
}
