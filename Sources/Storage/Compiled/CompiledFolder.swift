internal import Domain
internal import Glibc
internal import Posix

/// The folder of the compile cache, one file an entry; every call blocks.
///
/// A file is written under another name and then renamed, so it appears whole or, after a crash of the machine,
/// with a digest that does not fit. Nothing is synced: what is lost is compiled again. Several processes may use one
/// folder; what one of them removes is only a miss to another.
struct CompiledFolder: ~Copyable {
    private struct Entry {
        var bytes: Int
        /// Nanoseconds since 1970.
        var used: Int64
    }

    private static let unfinished = ".new-"
    /// What an entry costs on disk at least, so that many small ones are bounded too.
    private static let block = 4096

    private let folder: Descriptor
    private let most: Int
    private var entries: [String: Entry] = [:]
    private var total = 0
    private var written = 0

    /// Opens the folder, or makes it; the folder above it must be there.
    ///
    /// - Throws: ``StorageFailure`` when it belongs to somebody else or others may write into it.
    static func open(path: String, most: ByteCount) throws(StorageFailure) -> CompiledFolder {
        do throws(SystemFailure) {
            if mkdir(path, 0o700) != 0, errno != EEXIST {
                throw SystemFailure(operation: "mkdir of the compile cache", code: errno)
            }
            let raw = try check("open of the compile cache") {
                Glibc.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            }
            var opened = CompiledFolder(folder: Descriptor(adopting: raw), most: most.bytes)
            try opened.requireOurs()
            try opened.scan()
            return opened
        } catch {
            throw StorageFailure(error.description)
        }
    }

    private init(folder: consuming Descriptor, most: Int) {
        self.folder = folder
        self.most = most
    }

    private func requireOurs() throws(SystemFailure) {
        var status = stat()
        try check("fstat of the compile cache") { fstat(folder.rawValue, &status) }
        guard status.st_uid == geteuid(), status.st_mode & 0o022 == 0 else {
            throw SystemFailure(
                operation: "the compile cache belongs to another user or others may write into it; use",
                code: EPERM)
        }
    }

    /// Learns what is there; whoever is alone with the folder removes what a killed process left half written.
    private mutating func scan() throws(SystemFailure) {
        let isAlone = flock(folder.rawValue, LOCK_EX | LOCK_NB) == 0
        for name in try FileTree.list(folder.rawValue) {
            if name.hasPrefix(Self.unfinished) {
                if isAlone { unlinkat(folder.rawValue, name, 0) }
                continue
            }
            var status = stat()
            guard fstatat(folder.rawValue, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
            let used = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
            note(name, bytes: Int(status.st_size), used: used)
        }
        flock(folder.rawValue, LOCK_SH | LOCK_NB)
        evict()
    }

    /// The program of an address; a damaged entry is removed and counts as none.
    mutating func find(_ address: String, now: Int64) -> CompiledProgram? {
        guard let bytes = read(address) else {
            forget(address)
            return nil
        }
        guard let program = CompiledRecord.program(in: bytes, at: address) else {
            remove(address)
            return nil
        }
        note(address, bytes: bytes.count, used: now)
        return program
    }

    /// Keeps a program, and removes those that were used longest ago beyond the bound.
    mutating func keep(_ program: CompiledProgram, at address: String, now: Int64) throws(SystemFailure) {
        let bytes = CompiledRecord.bytes(of: program, at: address)
        guard bytes.count <= most / 4 else { return }
        written += 1
        let draft = "\(Self.unfinished)\(getpid())-\(written)-\(UInt32.random(in: .min ... .max))"
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let file = Descriptor(
            adopting: try check("openat of an entry") { openat(folder.rawValue, draft, flags, 0o600) })
        do throws(SystemFailure) {
            try writeAll(file.rawValue, bytes)
            try check("renameat of an entry") {
                renameat(folder.rawValue, draft, folder.rawValue, address)
            }
        } catch {
            unlinkat(folder.rawValue, draft, 0)
            throw error
        }
        note(address, bytes: bytes.count, used: now)
        evict()
    }

    private mutating func note(_ name: String, bytes: Int, used: Int64) {
        forget(name)
        let cost = (bytes + Self.block - 1) / Self.block * Self.block
        entries[name] = Entry(bytes: cost, used: used)
        total += cost
    }

    private mutating func forget(_ name: String) {
        if let entry = entries.removeValue(forKey: name) { total -= entry.bytes }
    }

    private mutating func remove(_ name: String) {
        unlinkat(folder.rawValue, name, 0)
        forget(name)
    }

    /// Goes a tenth below the bound, so that a full cache is not sorted for each entry.
    private mutating func evict() {
        guard total > most else { return }
        for (name, _) in entries.sorted(by: { $0.value.used < $1.value.used }) {
            if total <= most / 10 * 9 { return }
            remove(name)
        }
    }

    /// The bytes of a regular file of ours, whose time of use becomes now; nil when there is none.
    private func read(_ name: String) -> [UInt8]? {
        guard let bytes = FileTree.read(name, in: folder.rawValue, most: most) else { return nil }
        utimensat(folder.rawValue, name, nil, AT_SYMLINK_NOFOLLOW)
        return bytes
    }
}
