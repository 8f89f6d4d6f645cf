internal import CLinux
internal import Digest
package import Domain
internal import Glibc
package import Posix
internal import Synchronization

/// A folder that is being filled, in a place where nobody looks for environments; it becomes one by its name.
///
/// Its maker holds a lock on it, so that what a killed process left is known as such, and swept. Every call blocks.
package final class EnvironmentDraft: Sendable {
    private struct Current: ~Copyable {
        var file: Descriptor
        var path: String
        var left: Int
        var size: Int
        var executable: Bool
        var digest: SHA256
    }

    private struct State: ~Copyable {
        var files: [EnvironmentManifest.File] = []
        var folders: Set<String> = []
        var current: Current?
        var bytes = 0
        var isGone = false
    }

    package static let mostFiles = 200_000
    /// From how many bytes on the disk begins to write a file as soon as it is whole: few files hold most of all
    /// bytes, and sealing waits for what is left.
    private static let writtenEarly = 128 << 10

    let name: String
    let drafts: Int32
    let folder: Descriptor
    /// Whose descriptor ``drafts`` is.
    private let store: EnvironmentStore
    private let mostBytes: Int
    private let state = Mutex(State())

    init(of store: EnvironmentStore, in drafts: Int32, most: ByteCount) throws(SystemFailure) {
        self.store = store
        let name = "\(getpid())-\(UInt64.random(in: .min ... .max))"
        self.name = name
        self.drafts = drafts
        mostBytes = most.bytes
        try check("mkdirat of a draft") { mkdirat(drafts, name, 0o700) }
        folder = try FileTree.open(name, in: drafts)
        let raw = folder.rawValue
        flock(raw, LOCK_EX | LOCK_NB)
    }

    deinit { if !state.withLock({ $0.isGone }) { FileTree.remove(name, in: drafts) } }

    /// Begins a file; its bytes follow by ``take(_:)``.
    ///
    /// - Throws: ``SystemFailure`` with EEXIST for a path that is given twice, EFBIG beyond the bounds.
    package func begin(_ path: WorkspacePath, size: Int, executable: Bool) throws(SystemFailure) {
        try state.withLock { state throws(SystemFailure) in
            guard state.files.count < Self.mostFiles, size >= 0, size <= mostBytes - state.bytes else {
                throw SystemFailure(operation: "a file beyond the bounds of an environment", code: EFBIG)
            }
            state.bytes += size
            try makeFolders(path, &state)
            let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
            let raw = try check("openat of a file of an environment") {
                openat(folder.rawValue, path.description, flags, executable ? 0o555 : 0o444)
            }
            state.current = Current(
                file: Descriptor(adopting: raw), path: path.description, left: size, size: size,
                executable: executable, digest: SHA256())
            if size == 0 { Self.finish(&state) }
        }
    }

    /// More of the file that was begun; exactly as many bytes as were announced are taken.
    ///
    /// - Returns: How many of them were its own.
    package func take(_ bytes: ArraySlice<UInt8>) throws(SystemFailure) -> Int {
        try state.withLock { state throws(SystemFailure) in
            guard state.current != nil else { return 0 }
            let count = min(bytes.count, state.current?.left ?? 0)
            try FileTree.write(bytes.prefix(count), to: state.current?.file.rawValue ?? -1)
            bytes.prefix(count).withUnsafeBytes { state.current?.digest.add($0) }
            state.current?.left -= count
            if state.current?.left == 0 { Self.finish(&state) }
            return count
        }
    }

    /// Whether a file was begun and is not whole.
    package var isWithinFile: Bool { state.withLock { $0.current != nil } }

    package var files: [EnvironmentManifest.File] { state.withLock { $0.files } }

    private static func finish(_ state: inout State) {
        guard let current = state.current.take() else { return }
        if current.size >= writtenEarly {
            // Only sooner: sealing waits for the disk, and hears of its failures.
            _ = clinux_write_back(current.file.rawValue)
        }
        let (path, size, executable) = (current.path, current.size, current.executable)
        state.files.append(
            .init(path: path, size: size, sha256: current.digest.hexadecimal(), executable: executable))
    }

    private func makeFolders(_ path: WorkspacePath, _ state: inout State) throws(SystemFailure) {
        var made = ""
        for name in path.names.dropLast() {
            made += made.isEmpty ? String(name) : "/\(name)"
            guard state.folders.insert(made).inserted else { continue }
            try FileTree.make(made, in: folder.rawValue, mode: 0o755)
        }
    }

    /// Writes the manifest beside the files, closes the folders, and waits until all is on disk.
    func seal(_ record: EnvironmentRecord) throws(SystemFailure) -> EnvironmentManifest {
        let manifest = EnvironmentManifest(record: record, files: files)
        let raw = try check("openat of a manifest") {
            openat(folder.rawValue, EnvironmentManifest.name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o444)
        }
        let file = Descriptor(adopting: raw)
        try FileTree.write(manifest.bytes[...], to: file.rawValue)
        for folder in state.withLock({ $0.folders }) {
            try check("fchmodat of a folder") { fchmodat(self.folder.rawValue, folder, 0o555, 0) }
        }
        try check("syncfs") { syncfs(folder.rawValue) }
        return manifest
    }

    /// Moves the folder to where it is found; nothing that is there already is replaced.
    ///
    /// - Returns: Whether it was moved; not where another process was quicker.
    func publish(as name: String, in target: Int32) throws(SystemFailure) -> Bool {
        try check("fchmod of an environment") { fchmod(folder.rawValue, 0o755) }
        if renameat(drafts, self.name, target, name) != 0 {
            let code = errno
            if code == EEXIST || code == ENOTEMPTY { return false }
            throw SystemFailure(operation: "renameat of an environment", code: code)
        }
        state.withLock { $0.isGone = true }
        try check("fchmod of an environment") { fchmod(folder.rawValue, 0o555) }
        flock(folder.rawValue, LOCK_UN)
        try check("fsync of the store") { fsync(target) }
        return true
    }
}
