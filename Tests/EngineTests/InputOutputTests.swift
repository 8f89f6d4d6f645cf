internal import Domain
internal import Testing

@Suite(.needsSandboxes, .timeLimit(.minutes(2)))
struct InputOutputTests {
    @Test(arguments: Lab.starts)
    func `no standard input is an end of file`(_ start: RunRequest.Start) async throws {
        let result = try await Lab.run("import sys\nprint(repr(sys.stdin.read()))", start: start)
        #expect(result.out == "''\n", result.account)
    }

    @Test(arguments: [1, 65_535, 65_536, 65_537, 1 << 20], Lab.starts)
    func `standard input arrives byte for byte`(_ size: Int, _ start: RunRequest.Start) async throws {
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
        let code = "import sys\nsys.stdout.buffer.write(sys.stdin.buffer.read())"
        let result = try await Lab.run(code, start: start) {
            $0.stdin = .bytes(bytes)
            $0.limits.output = .mebibytes(4)
        }
        #expect(result.verdict.status == .succeeded, result.account)
        #expect(result.stdout == bytes)
    }

    @Test(arguments: Lab.starts)
    func `standard input that nobody reads holds nothing up`(_ start: RunRequest.Start) async throws {
        let input = [UInt8](repeating: 120, count: 5 << 20)
        let ignored = try await Lab.run("print('done')", start: start) { $0.stdin = .bytes(input) }
        #expect(ignored.out == "done\n", ignored.account)
        let closed = try await Lab.run("import os\nos.close(0)\nprint('closed')", start: start) {
            $0.stdin = .bytes(input)
        }
        #expect(closed.out == "closed\n", closed.account)
        let partly = try await Lab.run("import sys\nprint(len(sys.stdin.read(70000)))", start: start) {
            $0.stdin = .bytes(input)
        }
        #expect(partly.out == "70000\n", partly.account)
    }

    @Test(arguments: Lab.starts)
    func `arguments arrive as they are`(_ start: RunRequest.Start) async throws {
        let arguments = [
            "", "two words", "-c", "--", "é\u{1F600}", "*", "$HOME", "a\nb",
            String(repeating: "x", count: 20_000),
        ]
        let result = try await Lab.run(
            "import sys\nprint(ascii(sys.argv[1:]))\nprint(sys.argv[0])", start: start
        ) {
            $0.args = arguments.map { Array($0.utf8) } + [[0xff, 0xfe]]
        }
        let expected = """
            ['', 'two words', '-c', '--', '\\xe9\\U0001f600', '*', '$HOME', 'a\\nb', '\(arguments[8])', '\\udcff\\udcfe']
            /home/user/main.py

            """
        #expect(result.out == expected, result.account)
    }

    @Test(arguments: Lab.starts)
    func `the environment is small, known, and the request's own wins`(_ start: RunRequest.Start) async throws
    {
        let code = "import os\nfor name in sorted(os.environ): print(name, ascii(os.environ[name]))"
        let plain = try await Lab.run(code, start: start)
        let expected = """
            HOME '/home/user'
            LANG 'C.UTF-8'
            LOGNAME 'user'
            PATH '/usr/local/bin:/usr/bin:/bin'
            PYTHONDONTWRITEBYTECODE '1'
            SHELL '/bin/bash'
            TMPDIR '/tmp'
            USER 'user'

            """
        #expect(plain.out == expected)
        let own = try await Lab.run(
            "import os\nprint(os.environ['HOME'], ascii(os.environ['X é']))", start: start
        ) {
            $0.env = [
                EnvironmentVariable(name: "HOME", value: "/tmp"),
                EnvironmentVariable(name: "X é", value: "=ü\n="),
            ]
        }
        #expect(own.out == "/tmp '=\\xfc\\n='\n", own.account)
        #expect(own.receipt?.start == (start == .warm ? .forked : .exec))
    }

    /// Each needs an interpreter that was started for this run.
    @Test func `what only a fresh interpreter can do is started fresh, and said`() async throws {
        func start(_ configure: (inout RunRequest) throws -> Void) async throws -> Receipt.Start? {
            let result = try await Lab.run("print(1)", configure: configure)
            #expect(result.out == "1\n", result.account)
            return result.receipt?.start
        }
        #expect(try await start { _ in } == .forked)
        for name in ["PYTHONHASHSEED", "PYTHONOPTIMIZE", "LC_ALL", "MALLOC_ARENA_MAX"] {
            #expect(
                try await start { $0.env = [EnvironmentVariable(name: name, value: "1")] } == .exec, "\(name)"
            )
        }
        #expect(try await start { $0.seed = 3 } == .exec)
        #expect(try await start { $0.start = .fresh } == .exec)
    }

    @Test(arguments: Lab.starts)
    func `both streams carry far more than a pipe holds, at once`(_ start: RunRequest.Start) async throws {
        let code = """
            import sys, threading
            def write(stream, letter):
                for _ in range(50): stream.write(letter * 6000)
            threads = [threading.Thread(target=write, args=a) for a in ((sys.stdout, 'o'), (sys.stderr, 'e'))]
            for t in threads: t.start()
            for t in threads: t.join()
            """
        let result = try await Lab.run(code, start: start)
        #expect(result.verdict.status == .succeeded, result.account)
        #expect(result.out == String(repeating: "o", count: 300_000))
        #expect(result.err == String(repeating: "e", count: 300_000))
        #expect(result.usage.output.bytes == 600_000)
    }

    @Test(arguments: Lab.starts)
    func `output may hold any bytes`(_ start: RunRequest.Start) async throws {
        let code =
            "import sys\nsys.stdout.buffer.write(bytes(range(256)) * 3)\nsys.stderr.buffer.write(b'\\0\\xff\\xc3(')"
        let result = try await Lab.run(code, start: start)
        #expect(result.stdout == (0..<3).flatMap { _ in (0...255).map { UInt8($0) } })
        #expect(result.stderr == [0, 0xff, 0xc3, 0x28])
    }

    @Test(arguments: Lab.starts)
    func `what a program left running prints no more once the program has ended`(_ start: RunRequest.Start)
        async throws
    {
        let code = """
            import os, time
            if os.fork() == 0:
                os.setsid()
                time.sleep(100)
                print('late')
            print('main')
            """
        let result = try await Lab.run(code, start: start)
        #expect(result.verdict.status == .succeeded, result.account)
        #expect(result.out == "main\n")
    }

    @Test(arguments: Lab.starts)
    func `a program may open its streams again by name`(_ start: RunRequest.Start) async throws {
        let code =
            "open('/dev/stdout', 'w').write('out')\nopen('/dev/stderr', 'w').write('err')\nprint(open('/dev/stdin').read())"
        let result = try await Lab.run(code, start: start) { $0.stdin = .bytes(Array("in".utf8)) }
        #expect(result.out == "outin\n", result.account)
        #expect(result.err == "err")
    }

    @Test func `a profile counts system calls by name`() async throws {
        let code = "import os\nfor _ in range(37): os.getppid()\nfor _ in range(5): os.sched_yield()\n"
        for start in Lab.starts {
            let result = try await Lab.run(code, start: start) { $0.profile = true }
            #expect(result.verdict.status == .succeeded, result.account)
            let calls = try #require(result.usage.systemCalls)
            #expect(calls["getppid"] == 37, "\(start): \(calls)")
            #expect(calls["sched_yield"] == 5)
            #expect((calls["write"] ?? 0) < 10)
        }
        #expect(try await Lab.run(code).usage.systemCalls == nil)
    }
}
