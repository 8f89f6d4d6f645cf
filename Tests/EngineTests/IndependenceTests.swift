internal import Domain
internal import Testing

/// Warm runs are forks of one process: what they must not share, and what a seed makes the same.
@Suite(.needsSandboxes, .timeLimit(.minutes(2)))
struct IndependenceTests {
    /// Expressions that a fork would repeat if nobody took care.
    static let random = [
        "__import__('random').random()", "__import__('random').Random().random()",
        "__import__('uuid').uuid4()",
        "__import__('uuid').uuid1()", "__import__('secrets').token_hex(16)",
        "__import__('os').urandom(16).hex()",
        "__import__('tempfile').mktemp()", "__import__('random').SystemRandom().random()",
        "__import__('ssl').RAND_bytes(16).hex()",
    ]

    @Test(arguments: random)
    func `what is random differs between warm runs`(_ expression: String) async throws {
        var seen: Set<String> = []
        for _ in 0..<6 {
            let result = try await Lab.run("print(\(expression))")
            #expect(result.verdict.status == .succeeded, result.account)
            #expect(result.receipt?.start == .forked)
            seen.insert(result.out)
        }
        #expect(seen.count == 6, "\(seen)")
    }

    @Test(
        .enabled("numpy is not installed") { try await Lab.run("import numpy").verdict.status == .succeeded })
    func `numpy's global generator differs between warm runs`() async throws {
        let engine = try Lab.makeEngine { $0.preload = ["numpy", "numpy.random"] }
        var seen: Set<String> = []
        for _ in 0..<4 {
            let request = try Lab.request(
                "import sys\nassert 'numpy.random' in sys.modules\nimport numpy\nprint(numpy.random.rand(), numpy.random.default_rng().random())"
            )
            let result = try await engine.run(request)
            #expect(result.verdict.status == .succeeded && result.receipt?.start == .forked, result.account)
            for number in result.out.split(separator: " ") { seen.insert(String(number)) }
        }
        #expect(seen.count == 8, "\(seen)")
    }

    @Test func `a seed makes hashes and generators the same, run after run`() async throws {
        let code = "import random\nprint(hash('a'), random.random(), random.getrandbits(64), {'b', 'a', 'c'})"
        func out(_ seed: UInt32) async throws -> String {
            let result = try await Lab.run(code) { $0.seed = seed }
            #expect(result.verdict.status == .succeeded, result.account)
            #expect(result.receipt?.start == .exec)
            return result.out
        }
        let first = try await out(42)
        #expect(try await out(42) == first)
        #expect(try await out(43) != first)
    }

    /// What a program does, and what the next one looks for; each of the latter prints "clean".
    static let traces = [
        (
            "files", "for p in ('/home/user/t', '/tmp/t', '/dev/shm/t'): open(p, 'w').write('x')",
            "import glob\nprint('clean' if not glob.glob('/home/user/t') + glob.glob('/tmp/*') + glob.glob('/dev/shm/*') else 'seen')"
        ),
        (
            "environment", "import os\nos.environ['TRACE'] = '1'\nos.putenv('TRACE', '1')",
            "import os\nprint('seen' if 'TRACE' in os.environ or os.system('test -z \"$TRACE\"') else 'clean')"
        ),
        (
            "modules",
            "import sys, json\nsys.modules['trace_mod'] = sys\njson.dumps = None\nsys.path.append('/trace')",
            "import sys, json\nprint('clean' if 'trace_mod' not in sys.modules and json.dumps([]) == '[]' and '/trace' not in sys.path else 'seen')"
        ),
        (
            "builtins", "import builtins\nbuiltins.trace = 1\nbuiltins.print = None\nbuiltins.open = None",
            "import builtins\nopen('/etc/hostname').close()\nprint('seen' if hasattr(builtins, 'trace') else 'clean')"
        ),
        (
            "signal handlers and alarms",
            "import signal\nsignal.signal(signal.SIGALRM, lambda *a: None)\nsignal.alarm(100)",
            "import signal\nprint('clean' if signal.getsignal(signal.SIGALRM) == signal.SIG_DFL and signal.alarm(0) == 0 else 'seen')"
        ),
        (
            "shared memory and semaphores",
            "from multiprocessing import shared_memory\nimport os\ns = shared_memory.SharedMemory('trace', create=True, size=9)\nos._exit(0)",
            "import os\nprint('seen' if os.path.exists('/dev/shm/trace') else 'clean')"
        ),
        (
            "System V memory", "import ctypes\nassert ctypes.CDLL(None).shmget(4711, 4096, 0o1666) >= 0",
            "import ctypes\nprint('clean' if ctypes.CDLL(None).shmget(4711, 4096, 0) < 0 else 'seen')"
        ),
        (
            "listening sockets",
            "import socket\ns = socket.create_server(('127.0.0.1', 8765))\ns2 = socket.socket(socket.AF_UNIX); s2.bind('\\0trace')",
            "import socket\ns = socket.socket()\ns2 = socket.socket(socket.AF_UNIX); s2.bind('\\0trace')\nprint('clean' if s.connect_ex(('127.0.0.1', 8765)) else 'seen')"
        ),
        (
            "processes", "import os, time\nif os.fork() == 0:\n    os.setsid(); time.sleep(100)",
            "import os\nprint('clean' if len([p for p in os.listdir('/proc') if p.isdigit()]) == 1 else 'seen')"
        ),
        (
            "what may be asked about the first process",
            "import os\ntry: os.setpriority(os.PRIO_PROCESS, 1, 5)\nexcept OSError: pass",
            "import os\nprint('clean' if not os.path.exists('/proc/1') and os.getpriority(os.PRIO_PROCESS, 1) == 0 else 'seen')"
        ),
        (
            "System V semaphores and queues",
            "import ctypes\nc = ctypes.CDLL(None)\nassert c.semget(4712, 1, 0o1666) >= 0 and c.msgget(4713, 0o1666) >= 0",
            "import ctypes\nc = ctypes.CDLL(None)\nprint('clean' if c.semget(4712, 1, 0) < 0 and c.msgget(4713, 0) < 0 else 'seen')"
        ),
        (
            "numbers of System V objects that are gone",
            "import ctypes\nc = ctypes.CDLL(None)\nfor _ in range(3): assert c.semctl(c.semget(0, 1, 0o600), 0, 0) == 0",
            "import ctypes\nc = ctypes.CDLL(None)\nprint('clean' if c.semget(0, 1, 0o600) < 3 else 'seen')"
        ),
        (
            "POSIX message queues",
            "import ctypes\nctypes.CDLL(None).mq_open(b'/trace', 0o102, 0o666, (ctypes.c_long * 8)(0, 1, 64))",
            "import ctypes\nprint('clean' if ctypes.CDLL(None).mq_open(b'/trace', 2, 0, None) < 0 else 'seen')"
        ),
        (
            "packets on the loopback",
            "import socket\nfor f, a in ((2, '127.0.0.1'), (10, '::1')):\n    socket.socket(f, socket.SOCK_DGRAM).sendto(b'x' * 999, (a, 9))",
            "print('clean' if '999' not in open('/proc/net/dev').read() and not any(int(n) for n in open('/proc/net/dev').read().split('lo:')[1].split()) else 'seen')"
        ),
        (
            "packets that went nowhere",
            """
            import socket
            for family, address in ((2, '192.0.2.1'), (10, '2001:db8::1')):
                try: socket.socket(family, socket.SOCK_DGRAM).sendto(b'x', (address, 9))
                except OSError: pass
            """,
            """
            ip = [line.split()[1:] for line in open('/proc/net/snmp') if line.startswith('Ip:')]
            ip6 = dict(line.split() for line in open('/proc/net/snmp6'))
            quiet = dict(zip(*ip))['OutNoRoutes'] == '0' and ip6['Ip6OutNoRoutes'] == '0'
            print('clean' if quiet else 'seen')
            """
        ),
        (
            "modes and attributes of its folders",
            """
            import os
            for p in ('/home/user', '/tmp', '/dev/shm'):
                os.chmod(p, 0o700)
                try: os.setxattr(p, 'user.trace', b'x')
                except OSError: pass
            """,
            """
            import os
            modes = [oct(os.stat(p).st_mode)[-4:] for p in ('/home/user', '/tmp', '/dev/shm')]
            names = [os.listxattr(p) for p in ('/home/user', '/tmp', '/dev/shm')]
            print('clean' if modes == ['0755', '1777', '1777'] and not any(names) else 'seen')
            """
        ),
        (
            "folders in folders, and files that stay open",
            "import os\nos.makedirs('/tmp/a/b/c')\nopen('/tmp/a/b/c/d', 'w').write('x' * 99999)\nos.mkdir('/dev/shm/e')\nos.symlink('/', 'f')",
            "import os\nprint('clean' if os.listdir('/home/user') == ['main.py'] and not os.listdir('/tmp') + os.listdir('/dev/shm') else 'seen')"
        ),
        (
            "descriptors under way between sockets",
            """
            import socket
            a, b = socket.socketpair()
            with open('/tmp/trace', 'w+') as file:
                file.write('x' * 99999)
                file.flush()
                for _ in range(20):
                    socket.send_fds(a, [b'x'], [a.fileno(), b.fileno(), file.fileno()])
            """,
            "import os\ns = os.statvfs('/tmp')\nprint('clean' if (s.f_blocks - s.f_bfree) * s.f_bsize < 50000 else 'seen')"
        ),
        (
            "signals sent to the first process",
            "import os\nfor _ in range(900):\n    try: os.kill(1, 40)\n    except OSError: pass",
            "print('clean' if open('/proc/self/status').read().split('SigQ:')[1].split('/')[0].strip() == '0' else 'seen')"
        ),
        (
            "numbers of processes",
            "import os\nfor _ in range(5):\n    if os.fork() == 0: os._exit(0)\n    os.wait()",
            "import os\nprint('clean' if os.getpid() < 5 else 'seen')"
        ),
        (
            "the mask of new files, the folder, limits",
            "import os, resource\nos.umask(0)\nos.chdir('/tmp')\nresource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))",
            "import os, resource\nprint('clean' if os.umask(0) == 0o22 and os.getcwd() == '/home/user' and resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 20 else 'seen')"
        ),
    ]

    @Test(arguments: traces, Lab.starts)
    func `nothing of one run is seen in the next`(_ row: (String, String, String), _ start: RunRequest.Start)
        async throws
    {
        // The sandbox that was parked last is lent first: the next run gets this one's, if it is handed on at all.
        let engine = try Lab.makeEngine { $0.parked = 2 }
        let left = try await engine.run(Lab.request(Self.unindented(row.1), start: start))
        #expect(left.verdict.status == .succeeded, left.account)
        for _ in 0..<2 {
            let looked = try await engine.run(Lab.request(Self.unindented(row.2), start: start))
            #expect(looked.out == "clean\n", looked.account)
        }
    }

    private static func unindented(_ code: String) -> String {
        guard code.hasPrefix("\n") else { return code }
        let lines = code.split(separator: "\n")
        let depth = lines.first?.prefix { $0 == " " }.count ?? 0
        return lines.map { String($0.dropFirst(depth)) }.joined(separator: "\n")
    }

    @Test(
        .enabled("peaks of control groups v2 cannot be reset") {
            try await Lab.engine().greeting()?.groupVersion != 2
        }, arguments: Lab.starts)
    func `sandboxes in which nothing was left take the next runs, and others do not`(
        _ start: RunRequest.Start
    ) async throws {
        let engine = try Lab.makeEngine { $0.parked = 2 }
        let look = "import os\nprint(os.stat('/proc/self/ns/net').st_ino)\n"
        func namespaces(_ code: String) async throws -> Int {
            var seen: Set<String> = []
            for _ in 0..<8 { seen.insert(try await engine.run(Lab.request(look + code, start: start)).out) }
            return seen.count
        }
        // Numbers of namespaces that are gone may come again, so neither is exact.
        let clean = try await namespaces("open('/tmp/file', 'w').write('x')")
        let packet = "import socket; socket.socket(2, socket.SOCK_DGRAM).sendto(b'', ('127.0.0.1', 9))"
        let dirty = try await namespaces(packet)
        #expect(clean < 6 && clean < dirty, "\(clean) and \(dirty) of 8")
    }

    /// Of the host that forked it a program sees nothing: neither modules of ours nor their traces.
    @Test func `a warm program's world is that of a fresh one`() async throws {
        let code = """
            import sys, os, gc, signal, threading
            print(sys.path, sys.argv, sys.orig_argv[1:], sys.flags, __name__, __file__)
            print(sorted(k for k in globals() if not k.startswith('__')))
            print('sitecustomize' in sys.modules, any('diatom' in p for p in sys.path + list(sys.path_importer_cache)))
            print(sorted(os.listdir('/proc/self/fd')), os.getpid() > 1, os.getppid(), threading.active_count())
            print([signal.getsignal(s) for s in (2, 13, 15, 17)], gc.isenabled(), sys.getrecursionlimit())
            print(sys.stdin.encoding, sys.stdout.encoding, sys.stdout.line_buffering, sys.stderr.errors)
            """
        let warm = try await Lab.run(code)
        let fresh = try await Lab.run(code, start: .fresh)
        #expect(warm.verdict.status == .succeeded, warm.account)
        #expect(warm.out == fresh.out)
    }
}
