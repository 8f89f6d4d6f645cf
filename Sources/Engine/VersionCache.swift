internal import Glibc
package import Languages
internal import Posix
internal import Synchronization

/// The versions of installed languages, asked of their own programs once, in the background.
package final class VersionCache: Sendable {
    private let versions = Mutex<[String: String]>([:])

    package init() {}

    package func version(of pack: LanguagePack) -> String? { versions.withLock { $0[pack.id] } }

    /// Asks every installed pack's program, on a thread of its own; nothing waits for it.
    package func fill(from catalogue: LanguageCatalogue, then done: @escaping @Sendable () -> Void = {}) {
        startThread(name: "versions") {
            for pack in (try? catalogue.all()) ?? [] {
                if let version = Self.ask(pack) { self.versions.withLock { $0[pack.id] = version } }
            }
            done()
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
                environment: ["LANG=C.UTF-8", "PATH=/usr/bin:/bin"],
                descriptors: [(null.rawValue, 0), (pipe.second.rawValue, 1), (pipe.second.rawValue, 2)])
        else { return nil }
        _ = pipe.takeSecond()
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while output.count < 65_536 {
            let count = read(pipe.first.rawValue, &buffer, buffer.count)
            if count <= 0 { break }
            output += buffer[0..<count]
        }
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        return status == 0 ? probe.read(from: output) : nil
    }

    private static func openNull() throws(SystemFailure) -> Descriptor {
        Descriptor(adopting: try check("open /dev/null") { open("/dev/null", O_RDWR | O_CLOEXEC) })
    }
}
