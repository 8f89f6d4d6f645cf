internal import Domain
internal import Testing

/// A program, and the end that the contract gives it.
struct StatusCase: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var language = "python"
    var code: String
    var limits: @Sendable (inout Limits) -> Void = { _ in }
    var status: RunStatus
    var exit: Int32?
    var signal: Int32?
    var limit: LimitName?
    /// What stdout must be, where that is certain.
    var stdout: String?
    /// Only a control group's controller can tell.
    var needsControllers = false
}

/// Every status and limit of the contract that this version can produce, from real programs.
///
/// `refused` cannot be produced yet: analysis is not part of this version, and asking for it is an error. Nor can
/// `cpu_percent` ever end a run or be named by one: it only slows a program down. `cancelled`, `compile_failed` and
/// `engine_failed` have tests of their own.
@Suite(.needsSandboxes, .timeLimit(.minutes(2)))
struct StatusTests {
    static let python: [StatusCase] = [
        StatusCase(
            testDescription: "an ordinary end", code: "print(6 * 7)", status: .succeeded, exit: 0,
            stdout: "42\n"),
        StatusCase(
            testDescription: "an exit code", code: "print(1)\nraise SystemExit(7)", status: .failed, exit: 7,
            stdout: "1\n"),
        StatusCase(
            testDescription: "the highest exit code", code: "import os\nos._exit(255)", status: .failed,
            exit: 255),
        StatusCase(
            testDescription: "an uncaught error", code: "print(1)\n1 / 0", status: .failed, exit: 1,
            stdout: "1\n"),
        StatusCase(
            testDescription: "wall time, while it sleeps",
            code: "import time\nprint('begun', flush=True)\ntime.sleep(100)",
            limits: { $0.wall = .seconds(4) }, status: .timeExceeded, signal: 9, limit: .wall,
            stdout: "begun\n"),
        StatusCase(
            testDescription: "wall time, with signals blocked and ignored",
            code: """
                import signal, time
                for number in range(1, 65):
                    try: signal.signal(number, signal.SIG_IGN)
                    except (OSError, ValueError): pass
                signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
                time.sleep(100)
                """, limits: { $0.wall = .seconds(4) }, status: .timeExceeded, signal: 9, limit: .wall),
        StatusCase(
            testDescription: "wall time, although only a grandchild is busy",
            code: "import subprocess\nsubprocess.run(['sh', '-c', 'sleep 100 & sleep 100; wait'])",
            limits: { $0.wall = .seconds(4) }, status: .timeExceeded, signal: 9, limit: .wall),
        StatusCase(
            testDescription: "processor time", code: "while True: pass",
            limits: {
                $0.wall = .seconds(300); $0.cpu = .milliseconds(300)
            },
            status: .cpuExceeded, signal: 9, limit: .cpu),
        StatusCase(
            testDescription: "processor time, spent by a child",
            code: "import os\nif os.fork() == 0:\n    while True: pass\nos.wait()",
            limits: {
                $0.wall = .seconds(300); $0.cpu = .milliseconds(300)
            }, status: .cpuExceeded, limit: .cpu),
        StatusCase(
            testDescription: "memory", code: "x = []\nwhile True: x.append(b'x' * (1 << 20))",
            limits: { $0.memory = .mebibytes(64) }, status: .memoryExceeded, limit: .memory),
        StatusCase(
            testDescription: "memory, of a child alone, whatever its parent says",
            code: """
                import os, time
                if os.fork() == 0:
                    x = []
                    while True: x.append(b'x' * (1 << 20))
                os.wait()
                time.sleep(0.05)
                print('all is well')
                """, limits: { $0.memory = .mebibytes(64) }, status: .memoryExceeded, limit: .memory),
        StatusCase(
            testDescription: "memory, as files",
            code: "f = open('/dev/shm/big', 'wb')\nfor _ in range(200): f.write(b'x' * (1 << 20)); f.flush()",
            limits: {
                $0.memory = .mebibytes(64); $0.disk = .mebibytes(512)
            }, status: .memoryExceeded, limit: .memory),
        StatusCase(
            testDescription: "output", code: "import sys\nwhile True: sys.stdout.write('0123456789' * 100)",
            limits: { $0.output = ByteCount(bytes: 25_000) }, status: .outputExceeded, limit: .output,
            stdout: String(repeating: "0123456789", count: 2_500)),
        StatusCase(
            testDescription: "disk",
            code: "with open('a', 'wb') as f:\n    for _ in range(100): f.write(b'x' * (1 << 20))",
            limits: { $0.disk = .mebibytes(4) }, status: .diskExceeded, exit: 1, limit: .disk),
        StatusCase(
            testDescription: "disk, in three places together",
            code: """
                for name in ('/home/user/a', '/tmp/b', '/dev/shm/c'):
                    with open(name, 'wb') as f:
                        f.write(b'x' * (2 << 20))
                """, limits: { $0.disk = .mebibytes(5) }, status: .diskExceeded, exit: 1, limit: .disk),
        StatusCase(
            testDescription: "a full disk that the program gets over",
            code:
                "try:\n    open('a', 'wb').write(b'x' * (8 << 20))\nexcept OSError as e:\n    print(e.errno)",
            limits: { $0.disk = .mebibytes(4) }, status: .succeeded, exit: 0, stdout: "28\n"),
        StatusCase(
            testDescription: "inodes",
            code: """
                import errno
                try:
                    for n in range(1000): open(f'f{n}', 'w').close()
                except OSError as e:
                    print(errno.errorcode[e.errno], n < 60)
                """, limits: { $0.files = 50 }, status: .succeeded, exit: 0, limit: .files,
            stdout: "ENOSPC True\n"),
        StatusCase(
            testDescription: "processes",
            code: """
                import os, time
                made = 0
                try:
                    for _ in range(100):
                        if os.fork() == 0: time.sleep(100)
                        made += 1
                except BlockingIOError:
                    print('refused after', made)
                """, limits: { $0.processes = 8 }, status: .succeeded, exit: 0, limit: .processes,
            stdout: "refused after 7\n", needsControllers: true),
        StatusCase(
            testDescription: "threads count as processes",
            code: """
                import threading
                stop = threading.Event()
                made = 0
                try:
                    for _ in range(100):
                        threading.Thread(target=stop.wait).start()
                        made += 1
                except RuntimeError:
                    print('refused after', made)
                stop.set()
                raise SystemExit(2)
                """, limits: { $0.processes = 8 }, status: .failed, exit: 2, limit: .processes,
            stdout: "refused after 7\n", needsControllers: true),
        StatusCase(
            testDescription: "a signal of its own", code: "import os\nos.kill(os.getpid(), 11)",
            status: .killed, signal: 11),
        StatusCase(testDescription: "an abort", code: "import os\nos.abort()", status: .killed, signal: 6),
        StatusCase(
            testDescription: "SIGKILL of its own is no limit's", code: "import os\nos.kill(os.getpid(), 9)",
            status: .killed,
            signal: 9),
    ]

    static let others: [StatusCase] = [
        StatusCase(
            testDescription: "bash", language: "bash", code: "echo hi; exit 3", status: .failed, exit: 3,
            stdout: "hi\n"),
        StatusCase(
            testDescription: "bash, killed by a signal", language: "bash", code: "kill -SEGV $$",
            status: .killed, signal: 11),
        StatusCase(
            testDescription: "bash, wall time with children", language: "bash", code: "sleep 100 | sleep 100",
            limits: { $0.wall = .seconds(4) }, status: .timeExceeded, signal: 9, limit: .wall),
        StatusCase(
            testDescription: "C", language: "c",
            code: "#include <stdio.h>\nint main(void) { puts(\"c\"); return 4; }",
            status: .failed, exit: 4, stdout: "c\n"),
        StatusCase(
            testDescription: "C, a null pointer", language: "c",
            code: "int main(void) { *(volatile int *)0 = 1; }",
            status: .killed, signal: 11),
        StatusCase(
            testDescription: "C, processor time", language: "c",
            code: "int main(void) { for (volatile long i = 0;;) i++; }",
            limits: {
                $0.wall = .seconds(300); $0.cpu = .milliseconds(300)
            }, status: .cpuExceeded, signal: 9, limit: .cpu),
        StatusCase(
            testDescription: "C, memory", language: "c",
            code:
                "#include <stdlib.h>\n#include <string.h>\nint main(void) { for (;;) memset(malloc(1 << 20), 1, 1 << 20); }",
            limits: { $0.memory = .mebibytes(32) }, status: .memoryExceeded, limit: .memory),
    ]

    @Test(arguments: python, Lab.starts)
    func `a Python program's end has the status and the limit of the contract`(
        _ row: StatusCase, _ start: RunRequest.Start
    ) async throws {
        try await check(row, start)
    }

    @Test(arguments: others)
    func `an end in another language has the status and the limit of the contract`(_ row: StatusCase)
        async throws
    {
        try await check(row, .fresh)
    }

    private func check(_ row: StatusCase, _ start: RunRequest.Start) async throws {
        let hasControllers = try await Lab.hasControllers()
        if row.needsControllers, !hasControllers {
            try Test.cancel("no control group can be made by this user here: nothing counts processes")
        }
        let result = try await Lab.run(row.code, row.language, start: start) { row.limits(&$0.limits) }
        #expect(result.verdict.status == row.status, result.account)
        #expect(result.verdict.limit?.name == row.limit, result.account)
        if let exit = row.exit { #expect(result.verdict.exitCode == exit, result.account) }
        if let signal = row.signal { #expect(result.verdict.signal == signal, result.account) }
        if let stdout = row.stdout { #expect(result.out == stdout) }
        #expect(result.receipt?.start == (start == .warm ? .forked : .exec))
        if let limit = result.verdict.limit, let measured = limit.measured, row.limit != .files,
            hasControllers
        {
            #expect(measured >= limit.allowed * 0.9, "\(limit)")
        }
    }

    @Test func `the table has every limit and status that a run can be ended by`() {
        let rows = Self.python + Self.others
        #expect(Set(rows.compactMap(\.limit)) == Set(LimitName.allCases).subtracting([.cpuPercent]))
        let elsewhere: Set<RunStatus> = [.refused, .cancelled, .engineFailed, .compileFailed]
        #expect(Set(rows.map(\.status)) == Set(RunStatus.allCases).subtracting(elsewhere))
    }

    @Test(arguments: [RunRequest.Check.report, .enforce])
    func `analysis is asked for in vain`(_ check: RunRequest.Check) async throws {
        await #expect { try await Lab.run("print(1)") { $0.check = check } } throws: { error in
            (error as? RequestError)?.code == .unsupported && (error as? RequestError)?.field == "check"
        }
    }

    static let tooHigh: [LimitName: @Sendable (inout Limits) -> Void] = [
        .wall: { $0.wall = .seconds(601) }, .cpu: { $0.cpu = .seconds(601) },
        .memory: { $0.memory = .mebibytes(4097) },
        .processes: { $0.processes = 1025 }, .output: { $0.output = ByteCount(bytes: (64 << 20) + 1) },
        .disk: { $0.disk = .mebibytes(2049) }, .files: { $0.files = 200_001 },
        .cpuPercent: { $0.cpuPercent = 801 },
    ]

    @Test(arguments: LimitName.allCases)
    func `a limit above the operator's is an error before anything runs`(_ name: LimitName) async throws {
        let change = try #require(Self.tooHigh[name])
        await #expect {
            try await Lab.run("print(1)") { change(&$0.limits) }
        } throws: { error in
            (error as? RequestError)?.code == .limitTooHigh
                && (error as? RequestError)?.field == "limits.\(name.rawValue)"
        }
        await #expect {
            try await Lab.run("print(1)") { change(&$0.compileLimits) }
        } throws: { error in
            (error as? RequestError)?.field == "compile_limits.\(name.rawValue)"
        }
    }

    @Test(arguments: Lab.starts)
    func `output that is cut keeps what was read and says which stream lost`(_ start: RunRequest.Start)
        async throws
    {
        let code = "import sys\nprint('kept', flush=True)\nwhile True: sys.stderr.write('e' * 500)"
        let result = try await Lab.run(code, start: start) { $0.limits.output = ByteCount(bytes: 9_000) }
        #expect(result.verdict.status == .outputExceeded, result.account)
        #expect(result.out == "kept\n")
        #expect(result.err == String(repeating: "e", count: 8_995))
        #expect(!result.stdoutCut && result.stderrCut)
        #expect(result.usage.output.bytes == 9_000)
    }

    @Test(arguments: Lab.starts)
    func `output of exactly the limit is no excess`(_ start: RunRequest.Start) async throws {
        let result = try await Lab.run("print('x' * 9999)", start: start) {
            $0.limits.output = ByteCount(bytes: 10_000)
        }
        #expect(result.verdict.status == .succeeded, result.account)
        #expect(result.stdout.count == 10_000)
        #expect(!result.stdoutCut && !result.stderrCut)
    }

    @Test(.needsControllers)
    func `what a run used is the kernel's word`() async throws {
        let code = """
            import os, time
            x = b'x' * (40 << 20)
            if os.fork() == 0: os._exit(0)
            os.wait()
            end = time.process_time() + 0.2
            while time.process_time() < end: pass
            """
        for start in Lab.starts {
            let usage = try await Lab.run(code, start: start).usage
            let peak = try #require(usage.memoryPeak)
            #expect(peak >= .mebibytes(40) && peak < .mebibytes(80), "\(start) \(usage)")
            let processor = try #require(usage.cpu)
            #expect(processor >= .milliseconds(190))
            #expect(try #require(usage.wall) >= .milliseconds(200))
            #expect(usage.processesPeak == 2)
        }
    }
}
