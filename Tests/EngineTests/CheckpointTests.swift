internal import Domain
internal import Engine
internal import Testing

/// States of a session that it returns to: memory, files, and what is open.
@Suite(.serialized, .enabled(if: SessionLab.obstacle == nil, "\(SessionLab.obstacle ?? "")"))
struct CheckpointTests {
    @Test func `rollback brings variables and files back, as often as wanted`() async throws {
        try await SessionLab.with { session in
            try await session.run("x = [1]\nopen('f', 'w').write('old')\nimport os; os.mkdir('d')")
            let kept = try await session.checkpoint(drops: false)
            for round in 1...3 {
                try await session.run(
                    "x.append(\(round))\nopen('f', 'w').write('new')\nos.rmdir('d')\nopen('g', 'w').close()")
                _ = try await session.rollBack(to: kept.id)
                let now = try await session.run("x, open('f').read(), sorted(os.listdir()), os.getcwd()")
                #expect(now.value == "([1], 'old', ['d', 'f'], '/home/user')", now.account)
            }
            #expect(session.checkpoints().map(\.id) == [kept.id])
        }
    }

    @Test func `checkpoints are independent of each other`() async throws {
        try await SessionLab.with { session in
            try await session.run("x = 1")
            let one = try await session.checkpoint(drops: false)
            try await session.run("x = 2")
            let two = try await session.checkpoint(drops: false)
            #expect(two.parent == one.id)
            try await session.run("x = 3")
            _ = try await session.rollBack(to: one.id)
            #expect(try await session.value("x") == "1")
            _ = try await session.rollBack(to: two.id)
            #expect(try await session.value("x") == "2")
            try await session.removeCheckpoint(two.id)
            await #expect(throws: RequestError.self) { _ = try await session.rollBack(to: two.id) }
        }
    }

    /// A log that is appended to, a table that is half read, a mapping, and a transaction that is open.
    @Test func `what is open goes on where it stood`() async throws {
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
            let kept = try await session.checkpoint(drops: false)
            let after = """
                log.write('two\\n'); log.flush()
                rest = table.read()
                mapped[4:7] = b'def'; mapped.flush()
                base.execute('insert into t values (2)'); base.execute('commit')
                gone.write(' more'); gone.flush(); gone.seek(0)
                (open('log').read(), first + rest, open('mapped', 'rb').read(8), base.execute('select count(*) from t').fetchone(), gone.read(), table.fileno() == table.fileno())
                """
            let wanted = "('one\\ntwo\\n', 'a\\nb\\nc\\n', b'abcxdefx', (2,), 'deleted more', True)"
            for _ in 1...2 {
                let went = try await session.run(after)
                #expect(went.value == wanted, went.account)
                _ = try await session.rollBack(to: kept.id)
                let back = try await session.run(
                    "open('log').read(), open('mapped', 'rb').read(8), base.in_transaction, base.execute('select count(*) from t').fetchone()"
                )
                #expect(back.value == "('one\\n', b'abcxxxxx', True, (1,))", back.account)
            }
        }
    }

    @Test func `a cell that fails leaves no trace if it is to be rolled back`() async throws {
        try await SessionLab.with { session in
            try await session.run("x = 1\nopen('f', 'w').write('old')")
            let failed = try await session.run("x = 2\nopen('f', 'w').write('new')\n1/0") {
                $0.onError = .rollback
            }
            #expect(failed.verdict.status == .failed && failed.isRolledBack, failed.account)
            #expect(try await session.value("x, open('f').read()") == "(1, 'old')")
            let late = try await session.run(
                "x = 3\nimport signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass"
            ) {
                $0.onError = .rollback
                $0.wall = .milliseconds(200)
            }
            #expect(late.verdict.status == .timeExceeded && late.isRolledBack, late.account)
            #expect(try await session.value("x") == "1")
            let kept = try await session.run("x = 4") { $0.onError = .rollback }
            #expect(kept.verdict.status == .succeeded && !kept.isRolledBack)
            #expect(try await session.value("x") == "4")
        }
    }

    @Test func `a cell that runs out of memory is rolled back`() async throws {
        guard try await Lab.hasControllers() else { return }
        try await SessionLab.with { session in
            try await session.run("x = 1")
            let greedy = try await session.run(
                "x = bytearray(2 << 30)\nfor i in range(0, len(x), 4096): x[i] = 1"
            ) { $0.onError = .rollback }
            #expect(greedy.verdict.status == .memoryExceeded && greedy.isRolledBack, greedy.account)
            #expect(try await session.value("x") == "1")
        }
    }

    @Test(arguments: [
        ("import os; ends = os.pipe()", "pipe at descriptor"),
        ("import socket; s = socket.socket()", "socket at descriptor"),
        (
            "import threading, time; threading.Thread(target=time.sleep, args=(100,), daemon=True).start()",
            "1 other thread"
        ),
        ("import subprocess; p = subprocess.Popen(['sleep', '100'])", "(sleep)"),
    ])
    func `what cannot be copied is named, and left behind where that is wanted`(code: String, name: String)
        async throws
    {
        try await SessionLab.with { session in
            try await session.run("x = 1\n\(code)")
            let error = await #expect(throws: RequestError.self) {
                _ = try await session.checkpoint(drops: false)
            }
            #expect(
                error?.code == .conflict && error?.message.contains(name) == true,
                "\(String(describing: error))")
            let kept = try await session.checkpoint(drops: true)
            try await session.run("x = 2")
            _ = try await session.rollBack(to: kept.id)
            #expect(try await session.value("x") == "1")
        }
    }

    @Test func `several contexts return together, and shells do not`() async throws {
        try await SessionLab.with { session in
            let other = try await session.addContext(language: "python", cwd: nil)
            try await session.run("x = 1")
            try await session.run("x = 10") { $0.context = other.id }
            let kept = try await session.checkpoint(drops: false)
            try await session.run("x = 2")
            try await session.run("x = 20") { $0.context = other.id }
            _ = try await session.rollBack(to: kept.id)
            #expect(try await session.value("x") == "1")
            #expect(try await session.run("x") { $0.context = other.id }.value == "10")
            try await session.run("true") { $0.language = "bash" }
            await #expect(throws: RequestError.self) { _ = try await session.checkpoint(drops: false) }
        }
    }

    @Test func `numpy's memory returns as it was`() async throws {
        try await SessionLab.with { session in
            try await session.run("import numpy as np\na = np.arange(5_000_000)")
            let kept = try await session.checkpoint(drops: false)
            try await session.run("a[:] = 0")
            _ = try await session.rollBack(to: kept.id)
            #expect(try await session.value("int(a.sum())") == "12499997500000")
        }
    }

    @Test func `a checkpoint that the session has killed says so`() async throws {
        try await SessionLab.with { session in
            try await session.run("x = 1")
            let kept = try await session.checkpoint(drops: false)
            try await session.run(
                "import os, signal\nfor p in os.listdir('/proc'):\n    if p.isdigit() and int(p) not in (1, os.getpid()): os.kill(int(p), signal.SIGKILL)"
            )
            let error = await #expect(throws: RequestError.self) {
                _ = try await session.rollBack(to: kept.id)
            }
            #expect(error?.code == .conflict, "\(String(describing: error))")
            #expect(try await session.value("x") == "1")
        }
    }
}

/// What tries to live through a rollback.
@Suite(.serialized, .enabled(if: SessionLab.obstacle == nil, "\(SessionLab.obstacle ?? "")"))
struct RollbackSurvivorTests {
    /// A process that is not dumpable is not to be seen by who could not trace it.
    @Test(arguments: ["", "import ctypes; ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)", "os.setsid()"])
    func `no process outlives a rollback, however it hides`(hides: String) async throws {
        try await SessionLab.with { session in
            let kept = try await session.checkpoint(drops: false)
            let forked = try await session.run(
                "import os, time\nif os.fork() == 0:\n    \(hides.isEmpty ? "pass" : hides)\n    while True:\n        open('/tmp/alive', 'w').close()\n        time.sleep(0.01)\ntime.sleep(0.1)\nos.path.exists('/tmp/alive')"
            )
            #expect(forked.value == "True", forked.account)
            let error = await #expect(throws: RequestError.self) {
                _ = try await session.checkpoint(drops: false)
            }
            #expect(error?.message.contains("process") == true)
            _ = try await session.rollBack(to: kept.id)
            let after = try await session.run(
                "import os, time\ntime.sleep(0.2)\nos.path.exists('/tmp/alive')")
            #expect(after.value == "False", after.account)
            _ = try await session.checkpoint(drops: false)
        }
    }

    @Test func `a fork's processes live through what its parent does to its own`() async throws {
        try await SessionLab.with { session in
            let kept = try await session.checkpoint(drops: false)
            let forks = try await session.fork(count: 1, checkpoint: nil, drops: false)
            let fork = try forks[0].get()
            try await fork.run("x = 5")
            let (_, sleeper) = try await fork.start(["sleep", "1000"])
            _ = try await session.rollBack(to: kept.id)
            try await session.pause()
            #expect(try await fork.value("x") == "5")
            try await session.resume()
            #expect(sleeper.end == nil && fork.commands().count == 1)
            await fork.end()
        }
    }
}
