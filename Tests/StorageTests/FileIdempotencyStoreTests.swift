internal import Domain
internal import Glibc
internal import Posix
internal import Storage
internal import Synchronization
internal import Testing

/// The time of day, moved on by hand.
private final class ShiftedClock: Sendable {
    private let nanoseconds = Atomic<Int64>(0)

    @Sendable func now() -> Int64 { WallClock.now() + nanoseconds.load(ordering: .relaxed) }

    func shift(hours: Int64) { nanoseconds.add(hours * 3_600_000_000_000, ordering: .relaxed) }
}

struct FileIdempotencyStoreTests: ~Copyable {
    private let folder: String
    private let answer = StoredResponse(status: 200, body: Array("{\"a\":\n1}\n\n".utf8))

    init() throws {
        var template = Array("/tmp/claims.XXXXXX".utf8CString)
        let parent = try #require(mkdtemp(&template))
        folder = String(cString: parent) + "/claims"
    }

    deinit {
        for name in Self.names(folder) { unlink("\(folder)/\(name)") }
        rmdir(folder)
        rmdir(String(folder.dropLast("/claims".count)))
    }

    private static func names(_ folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    @Test func `a key is new once, then begun, then finished`() async throws {
        let store = try FileIdempotencyStore(folder: folder)
        #expect(try await store.begin(key: "k/../k", fingerprint: "f") == .new)
        #expect(try await store.begin(key: "k/../k", fingerprint: "f") == .begun)
        try await store.finish(key: "k/../k", response: answer)
        #expect(try await store.begin(key: "k/../k", fingerprint: "f") == .finished(answer))
        #expect(try await store.begin(key: "k/../k", fingerprint: "g") == .mismatch)
        #expect(try await store.begin(key: "other", fingerprint: "g") == .new)
    }

    @Test func `a released key is new again`() async throws {
        let store = try FileIdempotencyStore(folder: folder)
        #expect(try await store.begin(key: "k", fingerprint: "f") == .new)
        try await store.release(key: "k")
        try await store.release(key: "k")
        #expect(try await store.begin(key: "k", fingerprint: "g") == .new)
    }

    @Test func `claims and answers are there after the process is gone`() async throws {
        do {
            let store = try FileIdempotencyStore(folder: folder)
            #expect(try await store.begin(key: "begun", fingerprint: "f") == .new)
            #expect(try await store.begin(key: "finished", fingerprint: "f") == .new)
            try await store.finish(key: "finished", response: answer)
        }
        let store = try FileIdempotencyStore(folder: folder)
        #expect(try await store.begin(key: "begun", fingerprint: "f") == .begun)
        #expect(try await store.begin(key: "finished", fingerprint: "f") == .finished(answer))
    }

    @Test func `a damaged claim counts as begun and an unfinished draft as nothing`() async throws {
        let store = try FileIdempotencyStore(folder: folder)
        #expect(try await store.begin(key: "k", fingerprint: "f") == .new)
        let name = try #require(Self.names(folder).first)
        truncate("\(folder)/\(name)", 20)
        #expect(try await store.begin(key: "k", fingerprint: "f") == .begun)
        #expect(Self.names(folder).count == 1)
    }

    @Test func `of many at once one is new`() async throws {
        let store = try FileIdempotencyStore(folder: folder)
        let new = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<32 {
                group.addTask { try await store.begin(key: "k", fingerprint: "f") == .new }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(new == 1)
    }

    @Test func `after a day a key is new again and old files go`() async throws {
        let clock = ShiftedClock()
        let store = try FileIdempotencyStore(folder: folder, now: clock.now)
        for number in 0..<5 { #expect(try await store.begin(key: "\(number)", fingerprint: "f") == .new) }
        clock.shift(hours: 23)
        #expect(try await store.begin(key: "0", fingerprint: "g") == .mismatch)
        clock.shift(hours: 2)
        #expect(try await store.begin(key: "0", fingerprint: "g") == .new)
        #expect(Self.names(folder).count == 1)
    }

    @Test func `a folder that others may write into is refused`() {
        mkdir(folder, 0o700)
        chmod(folder, 0o777)
        #expect(throws: StorageFailure.self) { _ = try FileIdempotencyStore(folder: folder) }
    }

    @Test func `a folder that a link leads to is refused`() {
        symlink("/tmp", folder)
        #expect(throws: StorageFailure.self) { _ = try FileIdempotencyStore(folder: folder) }
        unlink(folder)
    }

    @Test func `a lock that a dead service's children hold for a moment is waited for`() throws {
        mkdir(folder, 0o700)
        let held = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        #expect(flock(held, LOCK_EX | LOCK_NB) == 0)
        startThread(name: "holder") {
            usleep(100_000)
            close(held)
        }
        _ = try FileIdempotencyStore(folder: folder)
    }

    @Test func `a folder that another service uses is refused`() throws {
        let store = try FileIdempotencyStore(folder: folder)
        #expect(throws: StorageFailure.self) { _ = try FileIdempotencyStore(folder: folder) }
        withExtendedLifetime(store) {}
    }
}
