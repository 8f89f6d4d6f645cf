internal import Glibc
package import Languages
internal import Posix
internal import Synchronization

/// The versions of installed languages, asked of their own programs once, in the background.
package final class VersionCache: Sendable {
    private let versions = Mutex<[String: String]>([:])
    private let waiting = Mutex<[LanguagePack]>([])
    private let threads = Mutex(0)

    /// How many programs are asked at once, and how long each may take to answer.
    private static let atOnce = 4
    private static let patience: Int64 = 15_000_000_000

    package init() {}

    package func version(of pack: LanguagePack) -> String? { versions.withLock { $0[pack.id] } }

    /// The version of one language, asked for now where it is not known.
    package func find(_ pack: LanguagePack) async -> String? {
        if let version = version(of: pack) { return version }
        return await withCheckedContinuation { continuation in
            startThread(name: "version") {
                let version = Self.ask(pack)
                if let version { self.versions.withLock { $0[pack.id] = version } }
                continuation.resume(returning: version)
            }
        }
    }

    /// All that are known so far, by the ids of languages.
    package var known: [String: String] { versions.withLock { $0 } }

    /// Asks every installed pack's program, on threads of its own; nothing waits for it.
    package func fill(from catalogue: LanguageCatalogue, then done: @escaping @Sendable () -> Void = {}) {
        fill((try? catalogue.all()) ?? [], then: done)
    }

    package func fill(_ packs: [LanguagePack], then done: @escaping @Sendable () -> Void = {}) {
        waiting.withLock { $0 = packs.reversed() }
        threads.withLock { $0 = Self.atOnce }
        for _ in 0..<Self.atOnce {
            startThread(name: "versions") {
                while let pack = self.waiting.withLock({ $0.popLast() }) {
                    if let version = Self.ask(pack) { self.versions.withLock { $0[pack.id] = version } }
                }
                let rest = self.threads.withLock { count in
                    count -= 1
                    return count
                }
                if rest == 0 { done() }
            }
        }
    }

    private static func ask(_ pack: LanguagePack) -> String? {
        guard let probe = pack.version, let programs = try? pack.locatePrograms() else { return nil }
        let values = pack.values(entry: pack.entry, files: [], programs: programs)
        guard let argv = try? probe.command.expand(values), let program = argv.first else { return nil }
        guard var pipe = try? Pair.pipe(), let null = try? openNull() else { return nil }
        let words = argv.dropFirst().map { String(decoding: $0, as: UTF8.self) }
        guard
            let pid = try? ChildProcess.start(
                String(decoding: program, as: UTF8.self), Array(words),
                // A home in which nothing can be made, even by root.
                environment: ["LANG=C.UTF-8", "PATH=/usr/bin:/bin", "HOME=/dev/null"],
                descriptors: [(null.rawValue, 0), (pipe.second.rawValue, 1), (pipe.second.rawValue, 2)])
        else { return nil }
        _ = pipe.takeSecond()
        let output = answer(from: pipe.first.rawValue)
        // Its own group, for what it started and left; it has said all it had to say.
        kill(-pid, SIGKILL)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        return probe.read(from: output)
    }

    /// Reads to the end, as far as patience and 64 KiB go.
    private static func answer(from descriptor: Int32) -> [UInt8] {
        let end = Monotonic.now() + patience
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while output.count < 65_536 {
            var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let rest = (end - Monotonic.now()) / 1_000_000
            guard rest > 0, poll(&watched, 1, Int32(rest)) > 0 else { return [] }
            let count = read(descriptor, &buffer, buffer.count)
            if count <= 0 { break }
            output += buffer[0..<count]
        }
        return output
    }

    private static func openNull() throws(SystemFailure) -> Descriptor {
        Descriptor(adopting: try check("open /dev/null") { open("/dev/null", O_RDWR | O_CLOEXEC) })
    }
}
