internal import Domain
internal import Engine
internal import Testing

/// Copies of sessions that go their own way.
@Suite(.serialized, .enabled(if: SessionLab.obstacle == nil, "\(SessionLab.obstacle ?? "")"))
struct ForkTests {
    /// Forks a session, and ends the forks after a body.
    private func fork(
        _ session: any LiveSession, _ count: Int = 1, checkpoint: String? = nil,
        _ body: ([any LiveSession]) async throws -> Void
    ) async throws {
        let forks = try await session.fork(count: count, checkpoint: checkpoint, drops: false).map {
            try $0.get()
        }
        do { try await body(forks) } catch {
            for fork in forks { await fork.end() }
            throw error
        }
        for fork in forks { await fork.end() }
    }

    @Test func `a fork has variables and files, and goes its own way`() async throws {
        try await SessionLab.with { session in
            try await session.run(
                "x = [1]\nopen('f', 'w').write('old')\nimport os; os.mkdir('d'); os.chdir('d')")
            try await fork(session, 2) { forks in
                for (number, fork) in forks.enumerated() {
                    #expect(fork.info.parent == session.id && fork.id != session.id)
                    let has = try await fork.run("x, open('/home/user/f').read(), os.getcwd()")
                    #expect(has.value == "([1], 'old', '/home/user/d')", has.account)
                    try await fork.run(
                        "x.append(\(number + 2))\nopen('/home/user/f', 'w').write('fork \(number)')")
                }
                try await session.run("x.append(9)\nopen('/home/user/f', 'w').write('parent')")
                let seen = "x, open('/home/user/f').read()"
                #expect(try await session.value(seen) == "([1, 9], 'parent')")
                #expect(try await forks[0].value(seen) == "([1, 2], 'fork 0')")
                #expect(try await forks[1].value(seen) == "([1, 3], 'fork 1')")
            }
        }
    }

    @Test func `what is open in a fork is its own`() async throws {
        try await SessionLab.with { session in
            let opened = try await session.run(
                """
                import mmap, os, sqlite3
                log = open('log', 'a'); log.write('one\\n'); log.flush()
                open('table.csv', 'w').write('a\\nb\\nc\\n')
                table = open('table.csv'); first = table.readline()
                open('mapped', 'wb').write(b'x' * 8192)
                file = open('mapped', 'r+b'); mapped = mmap.mmap(file.fileno(), 8192)
                mapped[0:3] = b'abc'
                base = sqlite3.connect('base.db', isolation_level=None)
                base.execute('create table t (n)'); base.execute('begin immediate'); base.execute('insert into t values (1)')
                gone = open('gone', 'w+'); gone.write('deleted'); gone.flush(); os.unlink('gone')
                """)
            #expect(opened.verdict.status == .succeeded, opened.account)
            try await fork(session) { forks in
                let went = try await forks[0].run(
                    """
                    log.write('two\\n'); log.flush()
                    rest = table.read()
                    mapped[4:7] = b'def'; mapped.flush()
                    base.execute('insert into t values (2)'); base.execute('commit')
                    gone.write(' more'); gone.flush(); gone.seek(0)
                    (open('log').read(), first + rest, open('mapped', 'rb').read(8), base.execute('select count(*) from t').fetchone(), gone.read())
                    """)
                #expect(
                    went.value == "('one\\ntwo\\n', 'a\\nb\\nc\\n', b'abcxdefx', (2,), 'deleted more')",
                    went.account)
                let stayed = try await session.run(
                    "open('log').read(), table.read(), open('mapped', 'rb').read(8), base.in_transaction, base.execute('select count(*) from t').fetchone()"
                )
                #expect(stayed.value == "('one\\n', 'b\\nc\\n', b'abcxxxxx', True, (1,))", stayed.account)
            }
        }
    }

    @Test func `forks outlive the session that they came from`() async throws {
        let session = try await SessionLab.keeper().create(SessionRequest())
        try await session.run("x = 41\nopen('f', 'w').write('kept')")
        try await fork(session) { forks in
            await session.end()
            #expect(session.info.state == .stopped)
            for _ in 0..<3 {
                let goes = try await forks[0].run("x += 1\nx, open('f').read()")
                #expect(goes.verdict.status == .succeeded, goes.account)
            }
            #expect(try await forks[0].value("x") == "44")
        }
    }

    @Test func `a fork can be rolled back, run commands, and have files put`() async throws {
        try await SessionLab.with { session in
            try await session.run("x = 1")
            try await fork(session) { forks in
                let kept = try await forks[0].checkpoint(drops: false)
                try await forks[0].run("x = 2\nopen('g', 'w').close()")
                _ = try await forks[0].rollBack(to: kept.id)
                #expect(try await forks[0].value("x, __import__('os').listdir()") == "(1, [])")
                try await forks[0].put("put", "here")
                let (_, said) = try await forks[0].start(["cat", "put"])
                let end = try await said.whenEnded()
                #expect(end.exitCode == 0 && said.out == "here")
                let failed = try await forks[0].run("x = 3\n1/0") { $0.onError = .rollback }
                #expect(failed.isRolledBack)
                #expect(try await forks[0].value("x") == "1")
                await #expect(throws: RequestError.self) { _ = try await session.openFile("put") }
            }
        }
    }

    @Test func `forks of one checkpoint begin alike, and their randomness does not`() async throws {
        try await SessionLab.with { session in
            try await session.run("import random, uuid, tempfile\nimport numpy as np\nx = 1")
            let kept = try await session.checkpoint(drops: false)
            try await session.run("x = 2")
            try await fork(session, 3, checkpoint: kept.id) { forks in
                var drawn: Set<String> = []
                for fork in forks {
                    #expect(try await fork.value("x") == "1")
                    drawn.insert(
                        try await fork.value(
                            "random.random(), np.random.rand(), uuid.uuid4().hex, tempfile.mktemp()") ?? "")
                }
                #expect(drawn.count == 3)
            }
            #expect(try await session.value("x") == "2")
        }
    }

    @Test func `forks share nothing with each other, and see neither each other nor their parent`()
        async throws
    {
        try await SessionLab.with { session in
            try await fork(session, 2) { forks in
                try await forks[0].run(
                    "open('/tmp/secret', 'w').write('s')\nimport socket\ns = socket.socket(socket.AF_UNIX)\ns.bind('\\0name')\nt = socket.create_server(('127.0.0.1', 7777))"
                )
                let (_, sleeper) = try await forks[0].start(["sleep", "4321"])
                for other in [forks[1], session] {
                    let looks = try await other.run(
                        """
                        import os, socket
                        def tries(f):
                            try: f(); return True
                            except OSError: return False
                        (os.path.exists('/tmp/secret'), tries(lambda: socket.socket(socket.AF_UNIX).connect('\\0name')), tries(lambda: socket.create_connection(('127.0.0.1', 7777), 1)))
                        """)
                    #expect(looks.value == "(False, False, False)", looks.account)
                }
                let sees = try await forks[1].run(
                    "import os\n[open(f'/proc/{p}/comm').read() for p in os.listdir('/proc') if p.isdigit()]")
                #expect(
                    sees.value == "['diatom-init\\n', 'python3\\n']"
                        || sees.value == "['python3\\n', 'diatom-init\\n']", sees.account)
                #expect(sleeper.end == nil)
            }
        }
    }

    @Test func `a session cannot read the memory of its forks`() async throws {
        try await SessionLab.with { session in
            try await session.run("x = 1")
            try await fork(session) { forks in
                try await forks[0].run("secret = 'only the fork knows'")
                // The copy that it was forked from is the session's own, and is ending.
                try await Task.sleep(for: .milliseconds(200))
                let reads = try await session.run(
                    """
                    import os
                    found = []
                    for p in os.listdir('/proc'):
                        if p.isdigit() and int(p) not in (1, os.getpid()):
                            for name in ('mem', 'environ', 'maps'):
                                try: open(f'/proc/{p}/{name}', 'rb').read(1); found.append((p, name))
                                except OSError: pass
                            try: os.listdir(f'/proc/{p}/root'); found.append((p, 'root'))
                            except OSError: pass
                    found
                    """)
                #expect(reads.value == "[]", reads.account)
            }
        }
    }

    @Test func `a fork of a fork is refused with the reason`() async throws {
        try await SessionLab.with { session in
            try await fork(session) { forks in
                let error = await #expect(throws: RequestError.self) {
                    _ = try await forks[0].fork(count: 1, checkpoint: nil, drops: false)
                }
                #expect(error?.code == .unsupported)
            }
        }
    }

    @Test func `twenty forks live side by side`() async throws {
        try await SessionLab.with { session in
            try await session.run(
                "import numpy as np\na = np.ones(1_000_000)\nopen('f', 'wb').write(b'x' * 1_000_000)")
            try await fork(session, 20) { forks in
                for fork in forks {
                    let sum = try await fork.value("int(a.sum()) + 1")
                    #expect(sum == "1000001")
                }
            }
        }
    }
}
