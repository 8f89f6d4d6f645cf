internal import Domain
internal import Engine
internal import Glibc
internal import Posix
internal import Testing

/// Runs forked from a host that has imported an environment's packages.
@Suite(.needsSandboxes, .serialized, .timeLimit(.minutes(5)))
struct ConfinedHostTests {
    let folder: EnvironmentFolder
    let engine: RunEngine

    init() throws {
        let folder = try EnvironmentFolder()
        self.folder = folder
        engine = try Lab.makeEngine { $0.environments = folder.path }
    }

    private func run(
        _ code: String, _ image: EnvironmentImage, configure: (inout RunRequest) -> Void = { _ in }
    ) async throws -> RunResult {
        var request = try Lab.request(code)
        request.environment = image
        configure(&request)
        return try await engine.run(request)
    }

    /// Runs a program until it was forked from a confined host; the last result, however it was started.
    private func warm(_ code: String, _ image: EnvironmentImage, within tries: Int = 200) async throws
        -> RunResult
    {
        var result = try await run(code, image)
        for _ in 0..<tries
        where result.receipt?.hostUser != .environment && result.receipt?.hostUser != .shared {
            try await Task.sleep(for: .milliseconds(50))
            result = try await run(code, image)
        }
        return result
    }

    private func isWarm(_ result: RunResult) -> Bool { result.receipt?.hostUser == .environment }

    @Test func `a module that a host has imported is there, and the first run imports it itself`()
        async throws
    {
        let image = try folder.add(["shell": "import os\nborn = os.getpid()\nvalue = [1]\n"])
        let code = "import shell, os\nprint(shell.value, shell.__file__)\nshell.value.append(os.getpid())"
        let first = try await run(code, image)
        #expect(first.verdict.status == .succeeded, first.account)
        #expect(first.receipt?.hostUser == .own)
        let last = try await warm(code, image)
        #expect(last.receipt?.hostUser == .environment, last.account)
        #expect(last.out == first.out)
        for _ in 0..<5 {
            let next = try await run(code, image)
            #expect(next.out == first.out && next.receipt?.hostUser == .environment, next.account)
        }
    }

    /// Expressions that forks of one host would repeat if nobody took care.
    private static let random = IndependenceTests.random

    @Test(arguments: random) func `what is random differs between runs of one host`(_ expression: String)
        async throws
    {
        let image = try folder.add(["shell": "import random, tempfile, uuid, ssl\n"])
        let code = "import shell\nprint(\(expression))"
        var seen: Set<String> = [try await warm(code, image).out]
        for _ in 0..<5 {
            let result = try await run(code, image)
            #expect(isWarm(result), result.account)
            seen.insert(result.out)
        }
        #expect(seen.count == 6, "\(seen)")
    }

    /// What one run does, and what the next one looks for; each of the latter prints "clean".
    private static let traces = [
        (
            "files", "for p in ('/home/user/t', '/tmp/t', '/dev/shm/t'): open(p, 'w').write('x')",
            "import glob\nprint('seen' if glob.glob('/home/user/t') + glob.glob('/tmp/*') + glob.glob('/dev/shm/*') else 'clean')"
        ),
        (
            "environment", "import os\nos.environ['TRACE'] = '1'",
            "import os\nprint('seen' if 'TRACE' in os.environ else 'clean')"
        ),
        (
            "the module itself", "shell.value.append(1)\nshell.trace = 1",
            "print('clean' if shell.value == [1] and not hasattr(shell, 'trace') else 'seen')"
        ),
        (
            "processes", "import os, time\nif os.fork() == 0:\n    os.setsid(); time.sleep(100)",
            "import os\nprint('clean' if len([p for p in os.listdir('/proc') if p.isdigit()]) == 1 else 'seen')"
        ),
        (
            "listening sockets", "import socket\ns = socket.create_server(('127.0.0.1', 8765))",
            "import socket\nprint('clean' if socket.socket().connect_ex(('127.0.0.1', 8765)) else 'seen')"
        ),
        (
            "descriptors", "import os\nos.dup(0)",
            "import os\nprint('clean' if len(os.listdir('/proc/self/fd')) == 4 else 'seen')"
        ),
        (
            "System V memory", "import ctypes\nassert ctypes.CDLL(None).shmget(4711, 4096, 0o1666) >= 0",
            "import ctypes\nprint('clean' if ctypes.CDLL(None).shmget(4711, 4096, 0) < 0 else 'seen')"
        ),
        (
            "the host",
            "import os\nfor pid in range(-1, 100):\n    try: pid in (0, -1, os.getpid()) or os.kill(pid, 9)\n    except OSError: pass",
            "import os\nprint('clean' if os.getppid() == 1 and not os.path.exists('/proc/1') else 'seen')"
        ),
    ]

    @Test func `no run of a host finds anything of another`() async throws {
        let image = try folder.add(["shell": "value = [1]\n"])
        #expect(isWarm(try await warm("import shell", image)))
        for (name, first, second) in Self.traces {
            for code in [first, second] {
                let result = try await run("import shell\n" + code, image)
                #expect(isWarm(result) && result.verdict.status == .succeeded, "\(name): \(result.account)")
                if code == second { #expect(result.out == "clean\n", "\(name)") }
            }
        }
    }

    @Test func `a run of a host is as sealed as any`() async throws {
        let image = try folder.add(["shell": ""])
        let code = """
            import shell, ctypes, os, socket
            c = ctypes.CDLL(None, use_errno=True)
            status = dict(line.split(':\\t', 1) for line in open('/proc/self/status').read().splitlines() if ':\\t' in line)
            print(status['CapEff'], status['CapBnd'], status['NoNewPrivs'], status['Seccomp'])
            print(c.setns(0, 0x40000000), ctypes.get_errno(), c.unshare(0x10000000), ctypes.get_errno())
            print(c.syscall(308, -1, 0x44494154), ctypes.get_errno())
            for path in ('/usr/x', '/etc/x', '/x', '/diatom/x'):
                try: open(path, 'w'); print(path)
                except OSError as error: print(error.errno in (13, 30))
            print(os.getuid(), os.getcwd(), socket.gethostname(), len(os.listdir('/proc/self/task')))
            print([name for _, name in socket.if_nameindex()])
            """
        let result = try await warm(code, image)
        #expect(isWarm(result), result.account)
        let zero = "0000000000000000"
        #expect(
            result.out == """
                \(zero) \(zero) 1 2
                -1 1 -1 1
                -1 1
                True
                True
                True
                True
                1000 /home/user diatom 1
                ['lo']

                """, result.account)
    }

    @Test(arguments: [
        ("memory", "x = b'x' * (300 << 20)", RunStatus.memoryExceeded),
        ("processor time", "while True: pass", .cpuExceeded),
        ("wall time", "import time\ntime.sleep(60)", .timeExceeded),
        ("output", "while True: print('x' * 1000)", .outputExceeded),
        ("disk", "open('f', 'wb').write(b'x' * (30 << 20))", .diskExceeded),
    ]) func `a limit of a run of a host holds and is named`(
        _ name: String, _ code: String, _ status: RunStatus
    )
        async throws
    {
        let image = try folder.add(["shell": "ballast = bytearray(100 << 20)\n"])
        func limit(_ request: inout RunRequest) {
            request.limits.memory = .mebibytes(64)
            request.limits.disk = .mebibytes(16)
            request.limits.cpu = .milliseconds(300)
            request.limits.wall = .milliseconds(status == .timeExceeded ? 300 : 5_000)
        }
        let usual = try await warm("import shell\nprint(len(shell.ballast))", image)
        #expect(isWarm(usual), usual.account)
        let modest = try await run("import shell\nprint(shell.ballast[0])", image, configure: limit)
        #expect(modest.out == "0\n" && isWarm(modest), modest.account)
        if let peak = modest.usage.memoryPeak {
            #expect(peak.bytes < 32 << 20, "only what the run added counts")
        }
        let result = try await run("import shell\n" + code, image, configure: limit)
        #expect(isWarm(result) && result.verdict.status == status, result.account)
        #expect(try await run("import shell\nprint(1)", image).out == "1\n")
    }

    @Test func `processes of a run of a host are counted from its first`() async throws {
        let image = try folder.add(["shell": ""])
        let code = """
            import shell, os, time
            try:
                while True:
                    if os.fork() == 0: time.sleep(100)
            except OSError as error: print(error.errno)
            """
        #expect(isWarm(try await warm("import shell", image)))
        let result = try await run(code, image) { $0.limits.processes = 5 }
        #expect(isWarm(result) && result.out == "11\n", result.account)
    }

    @Test func `a hundred runs, eight at a time, are all right`() async throws {
        let image = try folder.add(["shell": "value = 7\n"])
        #expect(isWarm(try await warm("import shell", image)))
        var results: [(Int, RunResult)] = []
        for first in stride(from: 0, to: 100, by: 8) {
            results += try await withThrowingTaskGroup(of: (Int, RunResult).self) { group in
                for number in first..<min(first + 8, 100) {
                    group.addTask {
                        (number, try await run("import shell\nprint(shell.value, \(number))", image))
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
        }
        for (number, result) in results { #expect(result.out == "7 \(number)\n", result.account) }
        #expect(results.filter { isWarm($0.1) }.count == 100)
    }

    @Test func `a host that is killed ends its runs with a word, and the next are started without it`()
        async throws
    {
        let image = try folder.add(["shell": ""])
        #expect(isWarm(try await warm("import shell", image)))
        let jailer = try #require(engine.jailerProcess)
        var request = try Lab.request("import shell, time\nprint('begun', flush=True)\ntime.sleep(20)")
        request.environment = image
        let ready = request
        let result = try await engine.run(ready, id: .now()) { event in
            guard case .output = event.payload else { return }
            let all = ProcessTable.descendants(of: jailer)
            // An init that has an init beneath it is the host's.
            for entry in all where entry.name == "diatom-init" {
                if all.contains(where: { $0.parent == entry.pid && $0.name == "diatom-init" }) {
                    kill(entry.pid, SIGKILL)
                }
            }
        }
        #expect(result.verdict.status == .engineFailed && result.out == "begun\n", result.account)
        let next = try await run("import shell\nprint('ok')", image)
        #expect(next.out == "ok\n", next.account)
    }

    @Test func `hosts that make room for others leave nothing behind`() async throws {
        let jailer = try #require(engine.jailerProcess)
        func counts() async throws -> [Int] {
            var last: [Int] = []
            for _ in 0..<100 {
                let now = [
                    ProcessTable.descendants(of: jailer).count,
                    ProcessTable.openDescriptors(of: jailer).count,
                ]
                if now == last { break }
                last = now
                try await Task.sleep(for: .milliseconds(200))
            }
            return last
        }
        var seen: [[Int]] = []
        for round in 0..<5 {
            for number in 0..<3 {
                let image = try folder.add(["shell": ""], number: UInt8(round * 3 + number))
                #expect(isWarm(try await warm("import shell", image)))
                for _ in 0..<3 { _ = try await run("import shell", image) }
            }
            seen.append(try await counts())
        }
        // As many control groups are kept as there were ever sandboxes at once, so a round may add some: not each.
        for kind in 0..<2 {
            let grows = zip(seen.dropFirst(), seen.dropFirst(2)).allSatisfy { $1[kind] > $0[kind] + 2 }
            #expect(!grows, "\(seen)")
        }
    }

    /// What programs make of the libraries that most of them want, in a run that imports them itself and in one that has them.
    private static let scientific = [
        "import numpy as np\nprint(np.linalg.det(np.arange(9.0).reshape(3, 3) + np.eye(3)), np.__file__)",
        "import pandas as pd\nprint(pd.DataFrame({'a': [1, 2, 2], 'b': [3.5, 4, 5]}).groupby('a').sum())",
        """
        import io, hashlib
        import matplotlib
        matplotlib.use('Agg')
        import matplotlib.pyplot as plt
        plt.plot([1, 2, 3], [4, 1, 7])
        file = io.BytesIO()
        plt.savefig(file, format='raw')
        print(hashlib.sha256(file.getvalue()).hexdigest())
        """,
        "import numpy, pandas, matplotlib.pyplot\nimport sys\nprint(sorted(m for m in sys.modules if m.startswith('pandas'))[:500], sys.path)",
    ]

    @Test(
        .enabled("numpy, pandas or matplotlib is not installed") {
            try await Lab.run("import numpy, pandas, matplotlib").verdict.status == .succeeded
        })
    func `numpy, pandas and matplotlib do in a run of a host what they do in any other`() async throws {
        let names = [
            "numpy", "pandas", "matplotlib", "dateutil", "pytz", "PIL", "contourpy", "fontTools",
            "kiwisolver",
        ]
        let image = try folder.add(
            [:], linked: names + ["six.py", "cycler.py", "packaging", "pyparsing", "mpl_toolkits"])
        for code in Self.scientific {
            let cold = try await run(code, image) {
                $0.env = [EnvironmentVariable(name: "NOT_WARM", value: "1")]
            }
            #expect(cold.verdict.status == .succeeded && !isWarm(cold), cold.account)
            var result = try await warm(code, image)
            // Until the host has what this program imports as well.
            for _ in 0..<3 where isWarm(result) { result = try await run(code, image) }
            #expect(isWarm(result), result.account)
            #expect(result.out == cold.out)
        }
        var seen: Set<String> = []
        for _ in 0..<4 {
            let result = try await run(
                "import numpy\nprint(numpy.random.rand(), numpy.random.default_rng().random())", image)
            for number in result.out.split(separator: " ") { seen.insert(String(number)) }
        }
        #expect(seen.count == 8, "\(seen)")
    }
}
