import Domain
import Glibc
import Posix
import Storage
import Testing

struct EnvironmentStoreTests: ~Copyable {
    private let root: String
    private var folder: String { root + "/environments" }

    init() throws {
        var template = Array("/tmp/environments.XXXXXX".utf8CString)
        root = String(cString: try #require(mkdtemp(&template)))
    }

    deinit { Self.remove(root) }

    /// Follows no link: what one leads to is not ours.
    private static func remove(_ path: String) {
        var state = stat()
        guard lstat(path, &state) == 0 else { return }
        guard state.st_mode & S_IFMT == S_IFDIR else {
            unlink(path)
            return
        }
        chmod(path, 0o700)
        for name in SmallFile.names(in: path) { remove("\(path)/\(name)") }
        rmdir(path)
    }

    private func store(_ most: ByteCount = .mebibytes(100)) throws -> EnvironmentStore {
        try EnvironmentStore(folder: folder, most: most)
    }

    private static func hash(_ digit: Character) -> String { String(repeating: digit, count: 32) }

    private static func record(_ hash: String) -> EnvironmentRecord {
        EnvironmentRecord(
            hash: hash, python: "cpython 3.11.2", platform: "linux-x86_64",
            libraries: [.init(name: "tinylib", version: "2.0")], created: 7, used: 0)
    }

    private static let files = [
        ("site-packages/tinylib/__init__.py", "VALUE = 2\n"),
        ("site-packages/tinylib-2.0.dist-info/METADATA", "Name: tinylib\n"),
        ("site-packages/single.cpython-311-x86_64-linux-gnu.so", "elf"), ("site-packages/empty.py", ""),
        ("bin/tiny", "#!x"),
    ]

    @discardableResult
    private func keep(_ digit: Character, in store: EnvironmentStore, bytes: Int = 0) throws -> String {
        let draft = try store.draft(most: .mebibytes(50))
        for (path, text) in Self.files { try Self.add(path, Array(text.utf8), to: draft) }
        if bytes > 0 { try Self.add("site-packages/large", [UInt8](repeating: 7, count: bytes), to: draft) }
        let hash = Self.hash(digit)
        try store.publish(draft, as: Self.record(hash))
        return hash
    }

    private static func add(_ path: String, _ content: [UInt8], to draft: EnvironmentDraft) throws {
        try draft.begin(
            try WorkspacePath(parsing: path), size: content.count, executable: path.hasPrefix("bin/"))
        var rest = content[...]
        while !rest.isEmpty {
            let part = rest.prefix(3_000)
            #expect(try draft.take(part) == part.count)
            rest = rest.dropFirst(part.count)
        }
    }

    @Test func `what was kept is found whole, with its modules, and nobody can write into it`() throws {
        let store = try store()
        let hash = try keep("a", in: store)
        let record = try #require(store.lease(hash)).record
        #expect(record.libraries == [.init(name: "tinylib", version: "2.0")])
        #expect(record.modules == ["empty", "single", "tinylib"])
        #expect(record.files == Self.files.count)
        #expect(store.verify(hash) == .whole)
        #expect(try self.store().lease(hash)?.record.hash == hash)
        for (path, mode) in [
            ("", 0o555), ("/bin", 0o555), ("/bin/tiny", 0o555), ("/manifest", 0o444),
            ("/site-packages/empty.py", 0o444),
        ] {
            var state = stat()
            #expect(stat("\(folder)/store/\(hash)\(path)", &state) == 0)
            #expect(Int(state.st_mode) & 0o7777 == mode, "\(path)")
        }
        var state = stat()
        #expect(stat("\(folder)/store", &state) == 0)
        #expect(state.st_mode & 0o7777 == 0o711)
    }

    private enum Damage: String, CaseIterable {
        case cut, removed, changed, manifestCut, manifestChanged, manifestGone
    }

    private func damage(_ damage: Damage, _ hash: String) throws {
        let entry = "\(folder)/store/\(hash)"
        let file = entry + "/site-packages/tinylib/__init__.py"
        let manifest = entry + "/manifest"
        func overwrite(_ path: String, at offset: Int) throws {
            chmod(path, 0o600)
            let fd = open(path, O_WRONLY)
            #expect(pwrite(fd, "X", 1, off_t(offset)) == 1)
            close(fd)
            chmod(path, 0o444)
        }
        switch damage {
        case .cut: #expect(truncate(file, 3) == 0)
        case .removed:
            chmod(entry + "/site-packages/tinylib", 0o755)
            #expect(unlink(file) == 0)
        case .changed: try overwrite(file, at: 2)
        case .manifestCut: #expect(truncate(manifest, 100) == 0)
        case .manifestChanged: try overwrite(manifest, at: 30)
        case .manifestGone:
            chmod(entry, 0o755)
            #expect(unlink(manifest) == 0)
        }
    }

    @Test func `a damaged entry is never used, and is gone afterwards`() throws {
        for damage in Damage.allCases {
            let hash = try keep("b", in: try store())
            try self.damage(damage, hash)
            let store = try store()
            if damage == .changed {
                // As long as before: only reading it all tells.
                guard case .damaged = store.verify(hash) else {
                    Issue.record("a changed byte was not seen")
                    continue
                }
                #expect(store.remove(hash) == .removed)
            }
            #expect(store.lease(hash) == nil, "\(damage)")
            #expect(store.find(hash) == nil, "\(damage)")
            #expect(SmallFile.names(in: "\(folder)/store") == ["wheels"], "\(damage)")
        }
    }

    @Test func `one in use is not removed, by this process or another's store`() throws {
        let store = try store()
        let other = try self.store()
        let hash = try keep("c", in: store)
        do {
            let lease = try #require(store.lease(hash))
            #expect(store.remove(hash) == .inUse)
            #expect(other.remove(hash) == .inUse)
            #expect(other.collect(to: ByteCount(bytes: 0)).removed.isEmpty)
            withExtendedLifetime(lease) {}
        }
        #expect(other.remove(hash) == .removed)
        #expect(store.remove(hash) == .absent)
        #expect(store.lease(hash) == nil)
    }

    @Test func `those used longest ago go first when there are too many bytes`() throws {
        let store = try store()
        for digit in "abcd" {
            try keep(digit, in: store, bytes: 1 << 20)
            usleep(20_000)
        }
        usleep(20_000)
        #expect(store.lease(Self.hash("a")) != nil)
        let (removed, freed) = store.collect(to: ByteCount(bytes: 5 << 19))
        #expect(removed == [Self.hash("b"), Self.hash("c")])
        #expect(freed.bytes > 2 << 20)
        #expect(store.list().map(\.hash) == [Self.hash("a"), Self.hash("d")])
    }

    @Test func `a draft of a process that was killed is swept, one that is being made is not`() throws {
        let store = try store()
        let draft = try store.draft(most: .mebibytes(1))
        try Self.add("site-packages/x.py", [1, 2, 3], to: draft)
        let left = "\(folder)/drafts/1-1"
        mkdir(left, 0o700)
        mkdir(left + "/site-packages", 0o555)
        _ = try self.store()
        #expect(SmallFile.names(in: "\(folder)/drafts").count == 1)
        #expect(access(left, F_OK) != 0)
        try store.publish(draft, as: Self.record(Self.hash("e")))
        #expect(store.lease(Self.hash("e")) != nil)
    }

    @Test func `a draft that is given up leaves nothing`() throws {
        let store = try store()
        do {
            let draft = try store.draft(most: .mebibytes(1))
            try draft.begin(try WorkspacePath(parsing: "a/b/c"), size: 100, executable: false)
            _ = try draft.take([1, 2, 3])
        }
        #expect(SmallFile.names(in: "\(folder)/drafts").isEmpty)
    }

    @Test func `paths that clash and bytes beyond the bound are refused`() throws {
        let draft = try store().draft(most: ByteCount(bytes: 100))
        try Self.add("a/b", [1], to: draft)
        for (path, size, code) in [
            ("a/b", 1, EEXIST), ("a", 1, EEXIST), ("a/b/c", 1, ENOTDIR), ("d", 100, EFBIG), ("e", -1, EFBIG),
        ] {
            let path = try WorkspacePath(parsing: path)
            let failure = #expect(throws: SystemFailure.self) {
                try draft.begin(path, size: size, executable: false)
            }
            #expect(
                failure?.code == code || (code == EEXIST && failure?.code == EISDIR),
                "\(path) \(String(describing: failure))")
        }
    }

    @Test func `the second of two that publish the same is dropped`() throws {
        let store = try store()
        try keep("f", in: store)
        try keep("f", in: store)
        #expect(store.list().count == 1)
        #expect(SmallFile.names(in: "\(folder)/drafts").isEmpty)
    }

    @Test func `what a request meant is remembered for a time, and a cut note is none`() throws {
        let store = try store()
        let wheel = LockedSet.Wheel(
            name: "x", version: "1", file: "x-1-py3-none-any.whl", sha256: String(repeating: "0", count: 64))
        let now = WallClock.now()
        let locked = LockedSet(
            python: "cpython 3.11.2", platform: "linux-x86_64", wheels: [wheel], resolved: now)
        try store.remember("key", locked)
        #expect(store.recall("key", within: .seconds(100)) == locked)
        #expect(store.recall("key", within: .nanoseconds(1)) == nil)
        #expect(store.recall("other", within: .seconds(100)) == nil)
        truncate("\(folder)/requests/key", 50)
        #expect(store.recall("key", within: .seconds(100)) == nil)
    }

    @Test func `one process at a time has the right to make what a request asks for`() throws {
        let (store, other) = (try store(), try self.store())
        let right = store.lock("key")
        #expect(right != nil)
        #expect(other.lock("key") == nil)
        #expect(other.lock("another") != nil)
        withExtendedLifetime(right) {}
    }

    @Test func `a folder of somebody else's, or one that others may write into, is refused`() throws {
        mkdir(folder, 0o777)
        chmod(folder, 0o777)
        #expect(throws: StorageFailure.self) { try store() }
        rmdir(folder)
        mkdir(root + "/other", 0o700)
        symlink(root + "/other", folder)
        #expect(throws: StorageFailure.self) { try store() }
    }

    @Test func `what is no hash finds and removes nothing`() throws {
        let store = try store()
        for text in [
            "", "..", "wheels", "../drafts", String(repeating: "A", count: 32),
            String(repeating: "g", count: 32),
        ] {
            #expect(store.lease(text) == nil)
            #expect(store.remove(text) == .absent)
            #expect(store.verify(text) == .absent)
        }
        #expect(access("\(folder)/store/wheels", F_OK) == 0)
    }
}
