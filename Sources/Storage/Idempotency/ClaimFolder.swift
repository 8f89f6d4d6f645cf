internal import Digest
internal import Domain
internal import Glibc
internal import Posix

/// The folder of the claims, one file each; every call blocks until the disk has it.
///
/// A file appears and changes only whole: it is written under another name, synced, and then linked
/// (a claim, which must not replace one) or renamed (an answer, which must).
struct ClaimFolder: ~Copyable {
    static let lifetime: Int64 = 24 * 3_600 * 1_000_000_000
    private static let rescanAfter: Int64 = 600 * 1_000_000_000
    private static let purgedPerCall = 16
    private static let unfinished = ".new-"

    private let folder: Descriptor
    private var written = 0
    private var unchecked: [String] = []
    private var lastScan: Int64

    /// Opens the folder, or makes it, and locks it for this process.
    ///
    /// - Throws: ``StorageFailure`` when it belongs to somebody else, others may write into it, or another
    ///   service uses it.
    static func open(path: String, now: Int64) throws(StorageFailure) -> ClaimFolder {
        var opened = ClaimFolder(folder: try open(path), now: now)
        try opened.sweep()
        return opened
    }

    private init(folder: consuming Descriptor, now: Int64) {
        self.folder = folder
        lastScan = now
    }

    /// Removes what a killed process left half written.
    private mutating func sweep() throws(StorageFailure) {
        do throws(SystemFailure) {
            for name in try FileTree.list(folder.rawValue) {
                if name.hasPrefix(Self.unfinished) {
                    unlinkat(folder.rawValue, name, 0)
                } else {
                    unchecked.append(name)
                }
            }
        } catch {
            throw StorageFailure(error.description)
        }
    }

    private static func open(_ path: String) throws(StorageFailure) -> Descriptor {
        if mkdir(path, 0o700) != 0, errno != EEXIST {
            throw StorageFailure(SystemFailure(operation: "mkdir", code: errno).description)
        }
        let raw = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard raw >= 0 else {
            throw StorageFailure(
                SystemFailure(operation: "open of the folder of claims", code: errno).description)
        }
        let folder = Descriptor(adopting: raw)
        try requireOurs(raw)
        return folder
    }

    private static let lockTries = 40
    /// In microseconds.
    private static let lockPause: UInt32 = 25_000

    private static func requireOurs(_ folder: Int32) throws(StorageFailure) {
        var status = stat()
        guard fstat(folder, &status) == 0, status.st_uid == geteuid(), status.st_mode & 0o022 == 0 else {
            throw StorageFailure("the folder of claims belongs to another user or others may write into it")
        }
        // A service that was killed leaves its lock with programs that it was just starting, for a moment.
        for _ in 0..<lockTries {
            if flock(folder, LOCK_EX | LOCK_NB) == 0 { return }
            usleep(lockPause)
        }
        throw StorageFailure("the folder of claims is in use by another service")
    }

    mutating func begin(_ key: String, _ fingerprint: String, now: Int64) throws(SystemFailure)
        -> IdempotencyClaim
    {
        try purge(now: now)
        let name = Self.name(of: key)
        if let existing = try existing(name, fingerprint, now: now) { return existing }
        let draft = try write(ClaimRecord(fingerprint: fingerprint))
        defer { unlinkat(folder.rawValue, draft, 0) }
        try check("linkat of a claim") { linkat(folder.rawValue, draft, folder.rawValue, name, 0) }
        try check("fsync of the folder of claims") { fsync(folder.rawValue) }
        return .new
    }

    mutating func finish(_ key: String, _ response: StoredResponse) throws(SystemFailure) {
        let name = Self.name(of: key)
        guard let bytes = try read(name), var record = ClaimRecord(bytes) else {
            throw SystemFailure(operation: "finish of a claim that is not there", code: ENOENT)
        }
        record.response = response
        let draft = try write(record)
        try check("renameat of a claim") { renameat(folder.rawValue, draft, folder.rawValue, name) }
        try check("fsync of the folder of claims") { fsync(folder.rawValue) }
    }

    func release(_ key: String) throws(SystemFailure) {
        guard unlinkat(folder.rawValue, Self.name(of: key), 0) == 0 else {
            if errno == ENOENT { return }
            throw SystemFailure(operation: "unlinkat of a claim", code: errno)
        }
        try check("fsync of the folder of claims") { fsync(folder.rawValue) }
    }

    /// A damaged file counts as begun: its request may have run.
    private func existing(_ name: String, _ fingerprint: String, now: Int64) throws(SystemFailure)
        -> IdempotencyClaim?
    {
        guard let bytes = try read(name) else { return nil }
        if isExpired(name, now: now) {
            try check("unlinkat of an old claim") { unlinkat(folder.rawValue, name, 0) }
            return nil
        }
        return ClaimRecord(bytes)?.claim(by: fingerprint) ?? .begun
    }

    /// Removes some of the claims whose time is over, a bounded number of files looked at per call.
    private mutating func purge(now: Int64) throws(SystemFailure) {
        if unchecked.isEmpty, now - lastScan > Self.rescanAfter {
            unchecked = try FileTree.list(folder.rawValue)
            lastScan = now
        }
        for _ in 0..<min(Self.purgedPerCall, unchecked.count) {
            let name = unchecked.removeLast()
            if isExpired(name, now: now) { unlinkat(folder.rawValue, name, 0) }
        }
    }

    private func isExpired(_ name: String, now: Int64) -> Bool {
        var status = stat()
        guard fstatat(folder.rawValue, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return false }
        let written = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
        return now - written > Self.lifetime
    }

    private static func name(of key: String) -> String { SHA256.hexadecimal(Array(key.utf8)) }
}

extension ClaimFolder {
    /// Writes a record under a name of its own and syncs it.
    private mutating func write(_ record: ClaimRecord) throws(SystemFailure) -> String {
        written += 1
        let name = "\(Self.unfinished)\(written)"
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let file = Descriptor(
            adopting: try check("openat of a claim") { openat(folder.rawValue, name, flags, 0o600) })
        do throws(SystemFailure) {
            var rest = record.bytes[...]
            while !rest.isEmpty {
                let count = try check("write of a claim") {
                    rest.withUnsafeBytes { Glibc.write(file.rawValue, $0.baseAddress, $0.count) }
                }
                rest = rest.dropFirst(count)
            }
            try check("fsync of a claim") { fsync(file.rawValue) }
        } catch {
            unlinkat(folder.rawValue, name, 0)
            throw error
        }
        return name
    }

    /// The bytes of a file; nil when there is none.
    private func read(_ name: String) throws(SystemFailure) -> [UInt8]? {
        let raw = openat(folder.rawValue, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard raw >= 0 else {
            if errno == ENOENT { return nil }
            throw SystemFailure(operation: "openat of a claim", code: errno)
        }
        let file = Descriptor(adopting: raw)
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = try check("read of a claim") { Glibc.read(file.rawValue, &buffer, buffer.count) }
            if count == 0 { return bytes }
            bytes.append(contentsOf: buffer[..<count])
        }
    }
}
