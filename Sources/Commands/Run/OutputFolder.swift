internal import Domain
internal import Glibc
internal import Posix

/// Where collected files go: a folder that nothing a guest named can lead out of.
///
/// Names are followed one by one from the open folder, never through a link; a file is written under a
/// name of its own and takes its place by rename, so that a link in its place is replaced and not followed.
final class OutputFolder: Sendable {
    struct Refusal: Error {
        var reason: String
    }

    private let root: Descriptor

    /// Opens the folder, which is made where only its last name is missing.
    init(_ path: String) throws(UsageError) {
        mkdir(path, 0o777)
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw UsageError("--out '\(path)' cannot be opened: \(String(cString: strerror(errno)))")
        }
        root = Descriptor(adopting: descriptor)
    }

    /// Writes one file, and the folders above it that are missing.
    ///
    /// - Throws: ``Refusal`` where a link or a folder stands in the way, or the disk is full.
    func save(_ file: CollectedFile) throws(Refusal) {
        var names = file.path.names
        let last = String(names.removeLast())
        var folder = Descriptor(
            adopting: try Self.call("open") { openat(root.rawValue, ".", Self.folderFlags) })
        for name in names {
            mkdirat(folder.rawValue, String(name), 0o777)
            let next = try Self.call("'\(name)' is no plain folder: open") {
                openat(folder.rawValue, String(name), Self.folderFlags)
            }
            folder = Descriptor(adopting: next)
        }
        try Self.check(last, in: folder.rawValue)
        try Self.write(file, as: last, in: folder.rawValue)
    }

    private static let folderFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC

    /// Only a regular file is replaced.
    private static func check(_ name: String, in folder: Int32) throws(Refusal) {
        var status = stat()
        guard fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw Refusal(reason: "what stands there is no regular file")
        }
    }

    private static func write(_ file: CollectedFile, as name: String, in folder: Int32) throws(Refusal) {
        let passing = ".diatom-\(getpid())-\(UInt64.random(in: .min ... .max))"
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let mode: mode_t = file.executable ? 0o777 : 0o666
        let descriptor = Descriptor(adopting: try call("create") { openat(folder, passing, flags, mode) })
        guard DescriptorOutput.writeAll(file.content, to: descriptor.rawValue) else {
            let reason = "write failed: \(String(cString: strerror(errno)))"
            unlinkat(folder, passing, 0)
            throw Refusal(reason: reason)
        }
        guard renameat(folder, passing, folder, name) == 0 else {
            let reason = "rename failed: \(String(cString: strerror(errno)))"
            unlinkat(folder, passing, 0)
            throw Refusal(reason: reason)
        }
    }

    private static func call(_ operation: String, _ body: () -> Int32) throws(Refusal) -> Int32 {
        do throws(SystemFailure) {
            return try Posix.check(operation, body)
        } catch {
            throw Refusal(reason: error.description)
        }
    }
}
