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
            "import os\nprint('clean' if len([p for p in os.listdir('/proc') if p.isdigit()]) == 2 else 'seen')"
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
        let left = try await Lab.run(row.1, start: start)
        #expect(left.verdict.status == .succeeded, left.account)
        let looked = try await Lab.run(row.2, start: start)
        #expect(looked.out == "clean\n", looked.account)
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
