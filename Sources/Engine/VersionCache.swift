package import Languages
internal import Posix
internal import Synchronization

/// The versions of installed languages, asked of their own programs once, in the background.
package final class VersionCache: Sendable {
    private let versions = Mutex<[String: String]>([:])
    private let dates = Mutex<[String: Release]>([:])
    private let waiting = Mutex<[LanguagePack]>([])
    private let threads = Mutex(0)

    /// How many programs are asked at once.
    private static let atOnce = 4

    package init() {}

    package func version(of pack: LanguagePack) -> String? { versions.withLock { $0[pack.id] } }

    /// The version of one language, asked for now where it is not known.
    package func find(_ pack: LanguagePack) async -> String? {
        if let version = version(of: pack) { return version }
        return await withCheckedContinuation { continuation in
            startThread(name: "version") {
                let version = Self.ask(pack)?.0
                if let version { self.versions.withLock { $0[pack.id] = version } }
                continuation.resume(returning: version)
            }
        }
    }

    /// All that are known so far, by the ids of languages.
    package var known: [String: String] { versions.withLock { $0 } }

    /// When those versions came out, as far as anything tells.
    package var releases: [String: Release] { dates.withLock { $0 } }

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
                    guard let (version, release) = Self.ask(pack) else { continue }
                    self.dates.withLock { $0[pack.id] = release }
                    self.versions.withLock { $0[pack.id] = version }
                }
                let rest = self.threads.withLock { count in
                    count -= 1
                    return count
                }
                if rest == 0 { done() }
            }
        }
    }

    private static func ask(_ pack: LanguagePack) -> (String, Release?)? {
        guard let probe = pack.version, let programs = try? pack.locatePrograms() else { return nil }
        let values = pack.values(entry: pack.entry, files: [], programs: programs)
        guard let argv = try? probe.command.expand(values), let program = argv.first else { return nil }
        let words = argv.map { String(decoding: $0, as: UTF8.self) }
        let output = Answer.of(String(decoding: program, as: UTF8.self), Array(words.dropFirst()))
        guard let version = probe.read(from: output) else { return nil }
        if probe.isDated, let release = Release.inWords(output) { return (version, release) }
        // The program itself, and not what it is started by.
        let main = words.first { programs.values.contains($0) } ?? words[0]
        return (version, ReleaseFinder.release(ofProgram: main))
    }
}
