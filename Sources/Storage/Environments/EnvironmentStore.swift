internal import CLinux
internal import Digest
package import Domain
internal import Glibc
internal import Posix
internal import Synchronization

/// The folder of environments: complete, read-only, found by their hash; beside them wheels, and what requests meant.
///
///     store/HASH/            an environment; `store` is what sandboxes see
///     store/wheels/SHA256/   a wheel that was fetched or built
///     requests/KEY           the locked set that a request was resolved to
///     drafts/                what is being made
///
/// An entry is written under another name, synced and renamed, so there is never half of one. Every call blocks.
package final class EnvironmentStore: Sendable {
    /// What a look at an entry found.
    package enum Finding: Hashable, Sendable {
        case whole
        case damaged(String)
        case absent
    }

    package enum Removal: Hashable, Sendable { case removed, inUse, absent }

    private struct Seen: Hashable {
        var inode: UInt64
        var changed: Int64
        var checked: Int64
        var record: EnvironmentRecord
    }

    /// The path that a jailer binds.
    package let shownFolder: String
    let most: Int
    private let now: @Sendable () -> Int64
    private let store: Descriptor
    private let wheels: Descriptor
    private let requests: Descriptor
    private let drafts: Descriptor
    private let seen = Mutex<[String: Seen]>([:])

    private static let recheck: Int64 = 600 * 1_000_000_000
    private static let largestManifest = 128 << 20

    /// Opens the folder, or makes it; what killed processes left half made is removed.
    ///
    /// - Throws: ``StorageFailure`` when it belongs to somebody else or others may write into it.
    package init(
        folder: String, most: ByteCount, now: @escaping @Sendable () -> Int64 = { WallClock.now() }
    ) throws(StorageFailure) {
        self.most = most.bytes
        self.now = now
        do throws(SystemFailure) {
            FolderPath.make(folder)
            shownFolder = FolderPath.absolute(folder) + "/store"
            let root = Descriptor(
                adopting: try check("open of the environments' folder") { open(folder, FileTree.folder) })
            try Self.requireOurs(root.rawValue)
            store = try Self.openShown("store", in: root.rawValue)
            wheels = try Self.openShown("wheels", in: store.rawValue)
            try FileTree.make("requests", in: root.rawValue, mode: 0o700)
            requests = try FileTree.open("requests", in: root.rawValue)
            try FileTree.make("drafts", in: root.rawValue, mode: 0o700)
            drafts = try FileTree.open("drafts", in: root.rawValue)
            clinux_spread(drafts.rawValue)
        } catch {
            throw StorageFailure(error.description)
        }
        sweep()
    }

    /// A folder in which guests may walk to what they know and list nothing, whatever our umask is.
    private static func openShown(_ name: String, in parent: Int32) throws(SystemFailure) -> Descriptor {
        try FileTree.make(name, in: parent, mode: 0o711)
        let folder = try FileTree.open(name, in: parent)
        try requireOurs(folder.rawValue)
        try check("fchmod of \(name)") { fchmod(folder.rawValue, 0o711) }
        return folder
    }

    private static func requireOurs(_ folder: Int32) throws(SystemFailure) {
        var state = stat()
        try check("fstat of the environments' folder") { fstat(folder, &state) }
        guard state.st_uid == geteuid(), state.st_mode & 0o022 == 0 else {
            throw SystemFailure(
                operation:
                    "the environments' folder belongs to another user or others may write into it; use",
                code: EPERM)
        }
    }

    /// Removes drafts that nobody holds.
    private func sweep() {
        for name in FileTree.names(in: drafts.rawValue) {
            if let draft = Self.held(name, in: drafts.rawValue, LOCK_EX) {
                FileTree.remove(name, in: drafts.rawValue)
                _ = consume draft
            }
        }
    }

    /// A folder that nobody holds in a way that excludes ours.
    private static func held(_ name: String, in parent: Int32, _ how: Int32) -> Descriptor? {
        let raw = openat(parent, name, FileTree.folder)
        guard raw >= 0 else { return nil }
        let folder = Descriptor(adopting: raw)
        guard flock(raw, how | LOCK_NB) == 0 else { return nil }
        return folder
    }
}

extension EnvironmentStore {
    /// An environment for use; nil where there is none, or a damaged one, which is removed.
    package func lease(_ hash: String) -> EnvironmentLease? {
        guard EnvironmentRecord.isHash(hash), let folder = Self.held(hash, in: store.rawValue, LOCK_SH) else {
            return nil
        }
        guard let record = checked(hash, folder.rawValue) else {
            _ = consume folder
            _ = remove(hash)
            return nil
        }
        futimens(folder.rawValue, nil)
        return EnvironmentLease(record: record, folder: folder)
    }

    /// Compares an entry with its manifest, by names and sizes, unless that was done a short while ago.
    private func checked(_ hash: String, _ folder: Int32) -> EnvironmentRecord? {
        var state = stat()
        guard fstatat(folder, EnvironmentManifest.name, &state, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
        if let known = seen.withLock({ $0[hash] }), known.inode == UInt64(state.st_ino),
            known.changed == Self.changed(state), now() - known.checked < Self.recheck
        {
            return known.record
        }
        guard let manifest = manifest(of: hash, folder), Self.misses(manifest, folder) == nil else {
            return nil
        }
        note(manifest.record, state)
        return manifest.record
    }

    /// Remembers that an entry is what its manifest says.
    private func note(_ record: EnvironmentRecord, _ manifest: stat) {
        let entry = Seen(
            inode: UInt64(manifest.st_ino), changed: Self.changed(manifest), checked: now(), record: record)
        seen.withLock { $0[record.hash] = entry }
    }

    private static func changed(_ state: stat) -> Int64 {
        Int64(state.st_ctim.tv_sec) * 1_000_000_000 + Int64(state.st_ctim.tv_nsec)
    }

    private func manifest(of hash: String, _ folder: Int32) -> EnvironmentManifest? {
        guard let bytes = FileTree.read(EnvironmentManifest.name, in: folder, most: Self.largestManifest),
            var manifest = EnvironmentManifest(parsing: bytes), manifest.record.hash == hash
        else { return nil }
        var state = stat()
        if fstat(folder, &state) == 0 { manifest.record.used = FileTree.used(state) }
        return manifest
    }

    /// The first file that is not there or has another size.
    private static func misses(_ manifest: EnvironmentManifest, _ folder: Int32) -> String? {
        var state = stat()
        return manifest.files.first { file in
            fstatat(folder, file.path, &state, AT_SYMLINK_NOFOLLOW) != 0
                || state.st_mode & S_IFMT != S_IFREG || Int(state.st_size) != file.size
        }?.path
    }

    /// Reads every byte of an environment.
    package func verify(_ hash: String) -> Finding {
        guard EnvironmentRecord.isHash(hash), let folder = Self.held(hash, in: store.rawValue, LOCK_SH) else {
            return .absent
        }
        guard let manifest = manifest(of: hash, folder.rawValue) else {
            return .damaged("its manifest is not what was written")
        }
        if let path = Self.misses(manifest, folder.rawValue) { return .damaged("\(path) is missing or cut") }
        for file in manifest.files where Self.digest(of: file.path, folder.rawValue) != file.sha256 {
            return .damaged("\(file.path) is not what was written")
        }
        return .whole
    }

    private static func digest(of path: String, _ folder: Int32) -> String? {
        let raw = openat(folder, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard raw >= 0 else { return nil }
        let file = Descriptor(adopting: raw)
        var digest = SHA256()
        var chunk = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = read(file.rawValue, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return nil }
            if count == 0 { return digest.hexadecimal() }
            chunk.withUnsafeBytes { digest.add(UnsafeRawBufferPointer(rebasing: $0[0..<count])) }
        }
    }

    /// All environments, those used last first.
    package func list() -> [EnvironmentRecord] {
        FileTree.names(in: store.rawValue).filter(EnvironmentRecord.isHash).compactMap { find($0) }
            .sorted { ($0.used, $0.hash) > ($1.used, $1.hash) }
    }

    /// What is known of an environment, without using it.
    package func find(_ hash: String) -> EnvironmentRecord? {
        guard EnvironmentRecord.isHash(hash), let folder = try? FileTree.open(hash, in: store.rawValue) else {
            return nil
        }
        return manifest(of: hash, folder.rawValue)?.record
    }
}

extension EnvironmentStore {
    package func draft(most: ByteCount) throws(StorageFailure) -> EnvironmentDraft {
        do throws(SystemFailure) {
            return try EnvironmentDraft(of: self, in: drafts.rawValue, most: most)
        } catch {
            throw StorageFailure(error.description)
        }
    }

    /// Makes a draft the environment of a hash, and removes those beyond the bound that were used longest ago.
    package func publish(_ draft: EnvironmentDraft, as record: EnvironmentRecord) throws(StorageFailure) {
        do throws(SystemFailure) {
            let manifest = try draft.seal(record)
            guard try draft.publish(as: record.hash, in: store.rawValue) else { return }
            var state = stat()
            if fstatat(draft.folder.rawValue, EnvironmentManifest.name, &state, AT_SYMLINK_NOFOLLOW) == 0 {
                note(manifest.record, state)
            }
        } catch {
            throw StorageFailure(error.description)
        }
    }

    /// Removes an environment that nobody uses; its name goes first, so that nobody finds half of it.
    package func remove(_ hash: String) -> Removal {
        guard EnvironmentRecord.isHash(hash) else { return .absent }
        seen.withLock { $0[hash] = nil }
        return Self.remove(hash, in: store.rawValue, by: drafts.rawValue)
    }

    private static func remove(_ name: String, in parent: Int32, by drafts: Int32) -> Removal {
        guard let folder = held(name, in: parent, LOCK_EX) else {
            return faccessat(parent, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ? .inUse : .absent
        }
        let gone = "gone-\(UInt64.random(in: .min ... .max))"
        fchmod(folder.rawValue, 0o755)
        guard renameat(parent, name, drafts, gone) == 0 else { return .absent }
        FileTree.remove(gone, in: drafts)
        return .removed
    }

    /// Removes what was used longest ago until the rest is below the bound; what is in use stays.
    ///
    /// - Returns: The hashes of environments that went, and the bytes of all that went.
    @discardableResult
    package func collect(to bound: ByteCount? = nil) -> (removed: [String], freed: ByteCount) {
        let most = bound?.bytes ?? self.most
        var entries = list().map { (used: $0.used, size: $0.size.bytes, name: $0.hash, isWheel: false) }
        entries += FileTree.names(in: wheels.rawValue).map { name in
            let (size, used) = wheelState(name)
            return (used, size, name, true)
        }
        for name in FileTree.names(in: store.rawValue)
        where EnvironmentRecord.isHash(name) && !entries.contains(where: { $0.name == name }) {
            entries.append((0, most, name, false))  // no manifest: damaged
        }
        var total = entries.reduce(0) { $0 + $1.size }
        var removed: [String] = []
        var freed = 0
        for entry in entries.sorted(by: { $0.used < $1.used }) where total > most {
            let parent = entry.isWheel ? wheels.rawValue : store.rawValue
            guard Self.remove(entry.name, in: parent, by: drafts.rawValue) == .removed else { continue }
            total -= entry.size
            freed += entry.size
            if !entry.isWheel { removed.append(entry.name) }
        }
        seen.withLock { seen in for hash in removed { seen[hash] = nil } }
        return (removed, ByteCount(bytes: freed))
    }

    private func wheelState(_ name: String) -> (size: Int, used: Int64) {
        guard let folder = try? FileTree.open(name, in: wheels.rawValue) else { return (0, 0) }
        var state = stat()
        var size = 0
        for file in FileTree.names(in: folder.rawValue)
        where fstatat(folder.rawValue, file, &state, AT_SYMLINK_NOFOLLOW) == 0 {
            size += Int(state.st_size)
        }
        return (size, fstat(folder.rawValue, &state) == 0 ? FileTree.used(state) : 0)
    }
}

// Wheels and requests.
extension EnvironmentStore {
    private static let longestFile = 255

    /// Makes a draft with one file a wheel, found by its digest.
    package func keepWheel(_ draft: EnvironmentDraft) throws(StorageFailure) {
        guard draft.files.count == 1, let file = draft.files.first, !file.path.contains("/") else {
            throw StorageFailure("a wheel is one file")
        }
        do throws(SystemFailure) {
            _ = try draft.publish(as: file.sha256, in: wheels.rawValue)
        } catch {
            throw StorageFailure(error.description)
        }
    }

    /// A wheel for use; nil where it is not here.
    package func wheel(_ sha256: String, file: String) -> WheelLease? {
        guard Self.isDigest(sha256), let folder = Self.held(sha256, in: wheels.rawValue, LOCK_SH) else {
            return nil
        }
        var state = stat()
        guard fstatat(folder.rawValue, file, &state, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
        futimens(folder.rawValue, nil)
        return WheelLease(place: "\(EnvironmentRecord.place)/wheels/\(sha256)/\(file)", folder: folder)
    }

    /// The digests of all wheels that are here.
    package var wheelDigests: [String] { FileTree.names(in: wheels.rawValue).filter(Self.isDigest) }

    package static func isDigest(_ text: String) -> Bool {
        text.utf8.count == 64 && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }

    /// What a request was resolved to; nil where that was never, or too long ago.
    package func recall(_ key: String, within age: Duration) -> LockedSet? {
        guard let bytes = FileTree.read(key, in: requests.rawValue, most: 1 << 20),
            let locked = LockedSet(parsing: bytes), now() - locked.resolved < age.inNanoseconds
        else { return nil }
        return locked
    }

    package func remember(_ key: String, _ locked: LockedSet) throws(StorageFailure) {
        let draft = ".new-\(getpid())-\(UInt64.random(in: .min ... .max))"
        do throws(SystemFailure) {
            let raw = try check("openat of a request") {
                openat(requests.rawValue, draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            }
            let file = Descriptor(adopting: raw)
            try FileTree.write(locked.bytes[...], to: file.rawValue)
            try check("renameat of a request") { renameat(requests.rawValue, draft, requests.rawValue, key) }
        } catch {
            unlinkat(requests.rawValue, draft, 0)
            throw StorageFailure(error.description)
        }
    }

    package func forget(_ key: String) { unlinkat(requests.rawValue, key, 0) }

    /// The right to make what a request asks for; nil while another process has it.
    package func lock(_ key: String) -> RequestLock? {
        let raw = openat(requests.rawValue, "\(key).lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard raw >= 0 else { return nil }
        let file = Descriptor(adopting: raw)
        return flock(raw, LOCK_EX | LOCK_NB) == 0 ? RequestLock(file) : nil
    }
}
