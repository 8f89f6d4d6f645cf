internal import Domain
internal import Engine
internal import Testing

extension LiveSession {
    func put(_ path: String, _ text: String) async throws {
        try await createFile(path, mode: 0o644).write(Array(text.utf8))
    }

    func text(_ path: String) async throws -> String {
        let (state, content) = try await openFile(path)
        return String(decoding: try content.read(at: 0, count: state.size + 1), as: UTF8.self)
    }

    func names(_ path: String, depth: Int = 1) async throws -> [String] {
        try await list(path, depth: depth, most: 100_000).map(\.path).sorted()
    }
}

@Suite(.serialized, .enabled(if: SessionLab.obstacle == nil, "\(SessionLab.obstacle ?? "")"))
struct SessionFileTests {
    @Test func `files are put, read, listed, moved and removed`() async throws {
        try await SessionLab.with { session in
            try await session.put("a/b/c.txt", "hello")
            #expect(try await session.text("/home/user/a/b/c.txt") == "hello")
            #expect(try await session.value("open('a/b/c.txt').read()") == "'hello'")
            let state = try await session.state(ofFile: "a/b/c.txt")
            #expect(state.size == 5 && state.kind == .file && state.mode == 0o644 && state.name == "c.txt")
            #expect(
                try await session.names(".", depth: 3) == [
                    "/home/user/a", "/home/user/a/b", "/home/user/a/b/c.txt",
                ])
            try await session.move("a/b/c.txt", to: "new/place.txt")
            #expect(try await session.text("new/place.txt") == "hello")
            try await session.put("new/place.txt", "x")
            #expect(try await session.text("new/place.txt") == "x")
            try await session.remove("a")
            #expect(try await session.names("/home/user") == ["/home/user/new"])
            try await session.makeFolder("deep/er")
            let error = await #expect(throws: RequestError.self) { try await session.makeFolder("deep/er") }
            #expect(error?.code == .conflict)
        }
    }

    @Test(arguments: [
        ("nothing", RequestError.Code.notFound), ("/etc/new", .forbidden), ("/usr/x", .forbidden),
        ("/proc/1/mem", .forbidden),
        ("/proc/self/fd/0", .conflict), ("/dev/null", .conflict), ("pipe", .conflict), ("socket", .conflict),
        ("loop", .conflict), ("folder", .conflict), ("", .invalidValue), ("..", .conflict),
        ("memory", .forbidden),
    ])
    func `what cannot be opened or written is refused, and nothing hangs`(
        path: String, code: RequestError.Code
    ) async throws {
        try await SessionLab.with { session in
            let made = try await session.run(
                """
                import os, socket
                os.mkfifo('pipe'); socket.socket(socket.AF_UNIX).bind('socket'); os.symlink('loop', 'loop'); os.mkdir('folder')
                os.symlink('/proc/1/mem', 'memory')
                """)
            #expect(made.verdict.status == .succeeded, made.account)
            if path == "nothing" {
                await #expect(throws: RequestError.self) { _ = try await session.openFile(path) }
            } else {
                let error = await #expect(throws: RequestError.self) {
                    _ = try await session.createFile(path, mode: 0o644)
                }
                #expect(error?.code == code, "\(String(describing: error))")
            }
        }
    }

    @Test func `links of guests lead nowhere but within the session`() async throws {
        try await SessionLab.with { session in
            try await session.run(
                "import os\nos.symlink('/etc/passwd', 'p')\nos.symlink('/proc/1/environ', 'e')\nos.symlink('real', 'l')\nopen('real', 'w').write('r')"
            )
            #expect(try await session.text("l") == "r")
            #expect(try await session.text("p").contains("user:x:1000"))
            let error = await #expect(throws: RequestError.self) { _ = try await session.openFile("e") }
            #expect(error?.code == .forbidden, "\(String(describing: error))")
            let listed = try await session.list("/home/user", depth: 1, most: 10)
            #expect(
                listed.first { $0.name == "l" }?.kind == .link
                    && listed.first { $0.name == "l" }?.target == "real")
        }
    }

    @Test func `a hundred thousand files are listed within a bound, and removed`() async throws {
        try await SessionLab.with({ $0.limits.files = 50_000 }) { session in
            let made = try await session.run(
                "import os\nos.mkdir('many')\nfor i in range(40_000): os.symlink('x', f'many/{i:06}' + 'n' * 100)"
            )
            #expect(made.verdict.status == .succeeded, made.account)
            #expect(try await session.list("many", depth: 1, most: 50_000).count == 40_000)
            let error = await #expect(throws: RequestError.self) {
                _ = try await session.list("many", depth: 1, most: 1_000)
            }
            #expect(error?.code == .tooLarge)
            try await session.remove("many")
            #expect(try await session.names("/home/user").isEmpty)
        }
    }

    @Test func `a full disk is said, and keeps what was there`() async throws {
        try await SessionLab.with({ $0.limits.disk = .mebibytes(4) }) { session in
            let writer = try await session.createFile("big", mode: 0o644)
            let error = #expect(throws: RequestError.self) {
                for _ in 0..<8 { try writer.write([UInt8](repeating: 1, count: 1 << 20)) }
            }
            #expect(error?.message.contains("disk") == true, "\(String(describing: error))")
            #expect(try await session.value("1 + 1") == "2")
        }
    }

    @Test func `changes in a folder are told`() async throws {
        try await SessionLab.with { session in
            let changes = try await session.watch("/home/user")
            let seen = Task { () -> [FileChange] in
                var seen: [FileChange] = []
                for await change in changes {
                    seen.append(change)
                    if change.kind == .removed { break }
                }
                return seen
            }
            try await session.run("import os\nopen('w', 'w').write('x')\nos.rename('w', 'v')\nos.unlink('v')")
            let told = await seen.value
            #expect(
                told.first == FileChange(kind: .created, name: "w")
                    && told.last == FileChange(kind: .removed, name: "v"), "\(told)")
            #expect(told.contains(FileChange(kind: .renamed, name: "v")))
        }
    }

    @Test func `a tree deeper than a path can name is refused as a whole`() async throws {
        try await SessionLab.with { session in
            let made = try await session.run(
                "import os\nfor i in range(300):\n    os.mkdir('d'); os.chdir('d')\nos.chdir('/home/user')")
            #expect(made.verdict.status == .succeeded, made.account)
            let error = await #expect(throws: RequestError.self) { try await session.remove("d") }
            #expect(error?.message.contains("deep") == true, "\(String(describing: error))")
            await #expect(throws: RequestError.self) { _ = try await session.checkpoint(drops: false) }
            #expect(try await session.value("1 + 1") == "2")
        }
    }
}
