internal import Domain
internal import Glibc
internal import Posix
internal import Storage
internal import Testing

struct CompileCacheTests: ~Copyable {
    private let folder: String
    private let address = String(repeating: "a", count: 64)

    init() throws {
        var template = Array("/tmp/compiled.XXXXXX".utf8CString)
        let parent = try #require(mkdtemp(&template))
        folder = String(cString: parent) + "/compiled"
    }

    deinit {
        for name in SmallFile.names(in: folder) { unlink("\(folder)/\(name)") }
        rmdir(folder)
        rmdir(String(folder.dropLast("/compiled".count)))
    }

    private func program(_ size: Int = 100, _ byte: UInt8 = 7) throws -> CompiledProgram {
        let file = SourceFile(
            path: try WorkspacePath(parsing: "out/main"), content: [UInt8](repeating: byte, count: size),
            executable: true)
        return CompiledProgram(files: [file], stdout: Array("o".utf8), stderr: Array("warning\n".utf8))
    }

    private func cache(_ most: ByteCount = .mebibytes(1)) throws -> CompileCache {
        try CompileCache(folder: folder, most: most)
    }

    private static func found(_ seat: CompileCache.Seat) -> CompiledProgram? {
        if case .found(let program) = seat { program } else { nil }
    }

    private static func mustCompile(_ seat: CompileCache.Seat) -> Bool {
        if case .compile = seat { true } else { false }
    }

    /// What is there for an address; a place that was taken is given up again.
    private func look(_ cache: CompileCache, _ address: String) async -> CompiledProgram? {
        let seat = await cache.board(address)
        if Self.mustCompile(seat) { await cache.land(address, nil) }
        return Self.found(seat)
    }

    @Test func `what was compiled is found again, also by the next process`() async throws {
        let program = try program()
        let first = try cache()
        #expect(Self.mustCompile(await first.board(address)))
        #expect(await first.land(address, program) == nil)
        #expect(await look(first, address) == program)
        #expect(await look(try cache(), address) == program)
        #expect(await look(try cache(), String(repeating: "b", count: 64)) == nil)
    }

    @Test func `what did not compile is never kept`() async throws {
        let cache = try cache()
        #expect(Self.mustCompile(await cache.board(address)))
        await cache.land(address, nil)
        #expect(Self.mustCompile(await cache.board(address)))
        #expect(SmallFile.names(in: folder).isEmpty)
    }

    @Test(arguments: [0, 7, 8, 39, 40, 100, -1])
    func `a byte that changed on disk makes a recompile`(_ place: Int) async throws {
        let first = try cache()
        _ = await first.board(address)
        await first.land(address, try program())
        let path = "\(folder)/\(address)"
        let file = Descriptor(adopting: open(path, O_RDWR))
        let at = off_t(place < 0 ? Int(lseek(file.rawValue, 0, SEEK_END)) + place : place)
        var byte: UInt8 = 0
        #expect(pread(file.rawValue, &byte, 1, at) == 1)
        byte ^= 0x10
        #expect(pwrite(file.rawValue, &byte, 1, at) == 1)
        #expect(await look(first, address) == nil)
        #expect(SmallFile.names(in: folder).isEmpty, "the damaged entry stays")
    }

    @Test(arguments: [0, 8, 45, 150])
    func `half an entry is none`(_ length: Int) async throws {
        let first = try cache()
        _ = await first.board(address)
        await first.land(address, try program())
        #expect(truncate("\(folder)/\(address)", off_t(length)) == 0)
        #expect(await look(try cache(), address) == nil)
    }

    @Test func `an entry under another's name is none, nor is a link or a folder`() async throws {
        let first = try cache()
        _ = await first.board(address)
        await first.land(address, try program())
        let other = String(repeating: "b", count: 64)
        let link = String(repeating: "c", count: 64)
        #expect(Glibc.link("\(folder)/\(address)", "\(folder)/\(other)") == 0)
        #expect(symlink(address, "\(folder)/\(link)") == 0)
        let fifo = String(repeating: "d", count: 64)
        #expect(mkfifo("\(folder)/\(fifo)", 0o600) == 0)
        let second = try cache()
        for name in [other, link, fifo] { #expect(await look(second, name) == nil) }
        #expect(await look(second, address) != nil)
    }

    @Test func `what a killed process left half written is swept, and never read`() async throws {
        _ = try cache()
        let draft = "\(folder)/.new-1-1-1"
        close(open(draft, O_WRONLY | O_CREAT, 0o600))
        let cache = try cache()
        #expect(SmallFile.names(in: folder).isEmpty)
        #expect(await look(cache, ".new-1-1-1") == nil)
    }

    @Test func `the bound in bytes holds, and what was used last stays`() async throws {
        let cache = try cache(ByteCount(bytes: 100_000))
        let names = (0..<10).map { String(repeating: "\($0)", count: 64) }
        for name in names {
            _ = await cache.board(name)
            await cache.land(name, try program(15_000))
            _ = await look(cache, names[0])
        }
        let left = SmallFile.names(in: folder)
        #expect(left.count < 7 && left.contains(names[0]) && left.contains(names[9]))
        #expect(!left.contains(names[1]))
        let total = left.reduce(0) { total, name in
            var state = stat()
            stat("\(folder)/\(name)", &state)
            return total + Int(state.st_size)
        }
        #expect(total <= 100_000)
    }

    @Test func `a program of more than a quarter of the bound is not kept`() async throws {
        let cache = try cache(ByteCount(bytes: 100_000))
        _ = await cache.board(address)
        await cache.land(address, try program(30_000))
        #expect(SmallFile.names(in: folder).isEmpty)
    }

    @Test(.timeLimit(.minutes(1)))
    func `of many that want the same, one compiles and the others get what it made`() async throws {
        let cache = try cache()
        let program = try program()
        let address = address
        var compiled = 0
        await withTaskGroup(of: (CompiledProgram?, compiled: Bool).self) { group in
            for _ in 0..<50 {
                group.addTask {
                    switch await cache.board(address) {
                    case .found(let program): return (program, false)
                    case .compileAlone: return (nil, true)
                    case .compile:
                        for _ in 0..<100 { await Task.yield() }
                        await cache.land(address, program)
                        return (program, true)
                    }
                }
            }
            for await (found, didCompile) in group {
                #expect(found == program)
                if didCompile { compiled += 1 }
            }
        }
        #expect(compiled == 1)
    }

    @Test(.timeLimit(.minutes(1)))
    func `a failed compile lets those who waited compile for themselves, a cancelled one waits no longer`()
        async throws
    {
        let cache = try cache()
        let address = address
        #expect(Self.mustCompile(await cache.board(address)))
        let cancelled = Task { await cache.board(address) }
        let waiting = Task { await cache.board(address) }
        cancelled.cancel()
        guard case .compileAlone = await cancelled.value else {
            Issue.record("a cancelled run waits on")
            return
        }
        for _ in 0..<1_000 { await Task.yield() }
        await cache.land(address, nil)
        switch await waiting.value {
        case .compileAlone: break
        case .compile: await cache.land(address, nil)  // it came after the landing
        case .found: Issue.record("a failed compile was used")
        }
    }

    @Test func `a folder that others may write into is refused`() throws {
        #expect(mkdir(folder, 0o700) == 0)
        #expect(chmod(folder, 0o777) == 0)
        let folder = folder
        #expect(throws: StorageFailure.self) { try CompileCache(folder: folder, most: .mebibytes(1)) }
    }
}
