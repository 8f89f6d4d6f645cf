internal import Domain
internal import Engine
internal import Glibc
internal import Posix
internal import Testing

/// What a program reaches of its policy, byte for byte.
@Suite(.needsSandboxes, .timeLimit(.minutes(3)))
struct NetworkTests {
    private let lab: NetworkLab
    private var echo: String { "server.test:\(lab.echo.port)" }
    private var late: String { "server.test:\(lab.late.port)" }

    init() throws { lab = try NetworkLab.shared.get() }

    @Test(arguments: Lab.starts)
    func `large transfers both ways at once come through byte for byte`(_ start: RunRequest.Start)
        async throws
    {
        let code = """
            import socket, threading, hashlib, random
            data = random.randbytes(24 << 20)
            s = socket.create_connection(('server.test', \(lab.echo.port)))
            threading.Thread(target=lambda: (s.sendall(data), s.shutdown(socket.SHUT_WR))).start()
            back = b''.join(iter(lambda: s.recv(1 << 20), b''))
            print(len(back), hashlib.sha256(back).digest() == hashlib.sha256(data).digest())
            """
        let result = try await lab.run(code, allow: [echo], start: start) {
            $0.limits.memory = .mebibytes(1024)
        }
        #expect(result.out == "\(24 << 20) True\n", result.account)
        let use = try #require(result.network)
        #expect(use.connections == 1 && use.denied == 0 && use.failed == 0)
        #expect(use.sent.bytes == 24 << 20 && use.received.bytes == 24 << 20)
        #expect(result.receipt?.network.allow.map(\.description) == [echo])
    }

    @Test(arguments: Lab.starts)
    func `a half-closed connection still brings the answer`(_ start: RunRequest.Start) async throws {
        let code = """
            import socket
            s = socket.create_connection(('server.test', \(lab.late.port)))
            s.sendall(b'x' * 1000000); s.shutdown(socket.SHUT_WR)
            print(s.makefile().read(), end='')
            """
        let result = try await lab.run(code, allow: [late], start: start)
        #expect(result.out == "heard 1000000\n", result.account)
    }

    @Test func `a server is not heard further than a slow reader reads`() async throws {
        let chatter = try LoopbackServer.chatter(256 << 20)
        let engine = try NetworkLab.engine(reaching: [chatter])
        var request = try Lab.request(
            """
            import socket, time
            s = socket.create_connection(('server.test', \(chatter.port)))
            time.sleep(1.5)
            print(len(s.recv(10, socket.MSG_WAITALL)))
            """)
        request.network.allow = [try .init(host: "server.test", port: chatter.port)]
        let result = try await engine.run(request)
        #expect(result.out == "10\n", result.account)
        // What the kernel's buffers on the way take, and no more.
        #expect(chatter.sent < 64 << 20, "\(chatter.sent)")
    }

    @Test func `300 connections at once are all served, those beyond the limit when others have ended`()
        async throws
    {
        let code = """
            import socket
            all = [socket.create_connection(('server.test', \(lab.echo.port))) for _ in range(300)]
            for i, s in enumerate(all): s.sendall(b'%03d' % i)
            good = 0
            for i, s in enumerate(all):
                good += s.recv(3, socket.MSG_WAITALL) == b'%03d' % i
                s.close()
            print(good)
            """
        let result = try await lab.run(code, allow: [echo])
        #expect(result.out == "300\n", result.account)
        #expect(result.network?.connections == 300)
    }

    @Test(arguments: Lab.starts)
    func `what is said last before the end arrives`(_ start: RunRequest.Start) async throws {
        let server = try LoopbackServer.lateAnswer()
        let engine = try NetworkLab.engine(reaching: [server])
        var request = try Lab.request(
            "import socket, os\ns = socket.create_connection(('server.test', \(server.port)))\n"
                + "s.sendall(b'y' * 50000)\nos._exit(0)", start: start)
        request.network.allow = [try .init(host: "server.test", port: server.port)]
        let result = try await engine.run(request)
        #expect(result.verdict.status == .succeeded, result.account)
        for _ in 0..<500 where server.ended == 0 { try await Task.sleep(for: .milliseconds(10)) }
        #expect(server.heard == 50_000)
    }

    @Test func `other languages find names as well`() async throws {
        let bash = try await lab.run(
            "exec 3<>/dev/tcp/server.test/\(lab.echo.port); echo hi >&3; head -1 <&3", "bash", allow: [echo])
        #expect(bash.out == "hi\n", bash.account)
        for start in Lab.starts {
            let node = """
                const s = require('net').connect(\(lab.echo.port), 'server.test', () => s.write('hi\\n'));
                s.on('data', data => { console.log(String(data).trim()); s.end(); });
                """
            guard try await Lab.warmStart("javascript") == .forked else { continue }
            let result = try await lab.run(node, "javascript", allow: [echo], start: start)
            #expect(result.out == "hi\n", result.account)
        }
    }

    @Test func `names below a wildcard get their ways when they are asked for`() async throws {
        let code = """
            import socket
            for name in ['a.wild.test', 'b.c.wild.test', 'a.wild.test']:
                s = socket.create_connection((name, \(lab.echo.port)))
                s.sendall(name.encode()); print(s.recv(100).decode())
            """
        let result = try await lab.run(code, allow: ["*.wild.test:\(lab.echo.port)"])
        #expect(result.out == "a.wild.test\nb.c.wild.test\na.wild.test\n", result.account)
    }

    @Test func `more names below a wildcard than one run may have are refused`() async throws {
        let code = """
            import socket
            found = 0
            for i in range(300):
                try: socket.getaddrinfo(f'n{i}.wild.test', 1); found += 1
                except OSError: pass
            print(found)
            """
        let result = try await lab.run(code, allow: ["*.wild.test:\(lab.echo.port)"])
        #expect(result.out == "129\n", result.account)
        #expect(result.network?.denials.first?.reason == .limit)
    }

    @Test func `an address that the operator allows is reached as itself`() async throws {
        let code = """
            import socket
            for host in ['127.0.0.1', 'localhost']:
                s = socket.create_connection((host, \(lab.echo.port)))
                s.sendall(b'me'); print(s.recv(2))
            """
        let result = try await lab.run(
            code, allow: ["127.0.0.1:\(lab.echo.port)", "localhost:\(lab.echo.port)"])
        #expect(result.out == "b'me'\nb'me'\n", result.account)
    }

    @Test func `each of a request's tests has the network, and all is added up`() async throws {
        let code =
            "import socket\ns = socket.create_connection(('server.test', \(lab.echo.port)))\ns.sendall(b'me')\nprint(s.recv(2))"
        let result = try await lab.run(code, allow: [echo]) {
            $0.tests = [TestCase(), TestCase(), TestCase()]
        }
        #expect(result.runs.map(\.out) == ["b'me'\n", "b'me'\n", "b'me'\n"], result.account)
        #expect(result.network?.connections == 3 && result.network?.sent.bytes == 6)
    }

    @Test func `a server sees the end when a run is over, however it ended`() async throws {
        let server = try LoopbackServer.echo()
        let engine = try NetworkLab.engine(reaching: [server])
        for ending in ["os._exit(3)", "os.kill(os.getpid(), 9)", "time.sleep(100)"] {
            var request = try Lab.request(
                "import socket, os, time\nk = [socket.create_connection(('server.test', \(server.port))) for _ in range(5)]\n"
                    + "[s.sendall(b'x') for s in k]\n[s.recv(1) for s in k]\n\(ending)")
            request.limits.wall = .seconds(2)
            request.network.allow = [try .init(host: "server.test", port: server.port)]
            let result = try await engine.run(request)
            #expect(result.network?.connections == 5, result.account)
        }
        for _ in 0..<500 where server.ended < 15 { try await Task.sleep(for: .milliseconds(10)) }
        #expect(server.begun == 15 && server.ended == 15)
    }

    /// Counted in a process of its own: here, other tests open and close things all the time.
    @Test func `no descriptor is left by 60 runs with networks, however they ended`() async {
        await #expect(processExitsWith: .success) {
            let lab = try NetworkLab()
            func mixture(_ count: Int) async throws {
                let begin =
                    "import socket, os, time\nk = [socket.create_connection(('server.test', \(lab.echo.port))) for _ in range(9)]\n"
                let endings = [
                    "pass", "os.kill(os.getpid(), 9)", "time.sleep(9)", "k[0].sendall(b'x' * 9999)",
                    "socket.getaddrinfo('x.wild.test', 1)",
                ]
                for number in 0..<count {
                    let result = try await lab.run(
                        begin + endings[number % endings.count],
                        allow: [
                            "server.test:\(lab.echo.port)", "*.wild.test:\(lab.echo.port)", "gone.test:1",
                        ]
                    ) { $0.limits.wall = .milliseconds(number % 5 == 2 ? 400 : 20_000) }
                    // One that ends at once, or by its time, may be gone before its connections are accepted.
                    #expect((0...9).contains(result.network?.connections ?? -1), result.account)
                }
            }
            func settled(_ most: Int) async throws -> Int {
                var now = Int.max
                for _ in 0..<500 where now > most {
                    try await Task.sleep(for: .milliseconds(10))
                    now = SmallFile.names(in: "/proc/self/fd").count
                }
                return now
            }
            try await mixture(10)
            try await Task.sleep(for: .seconds(3))
            let before = SmallFile.names(in: "/proc/self/fd").count
            try await mixture(60)
            #expect(try await settled(before) <= before)
        }
    }

    @Test func `a run that is cancelled takes its connections with it`() async throws {
        let server = try LoopbackServer.echo()
        let engine = try NetworkLab.engine(reaching: [server])
        var request = try Lab.request(
            "import socket, time\ns = socket.create_connection(('server.test', \(server.port)))\n"
                + "s.sendall(b'x'); s.recv(1); print('on', flush=True); time.sleep(100)")
        request.network.allow = [try .init(host: "server.test", port: server.port)]
        let (begun, signal) = AsyncStream<Never>.makeStream()
        let task = Task { [request] in
            try await engine.run(request, id: .now()) { event in
                if case .output = event.payload { signal.finish() }
            }
        }
        for await _ in begun {}
        task.cancel()
        #expect(try await task.value.verdict.status == .cancelled)
        for _ in 0..<500 where server.ended == 0 { try await Task.sleep(for: .milliseconds(10)) }
        #expect(server.ended == 1)
    }

    @Test func `a sandbox that dies before its run begins is an error, never a run without its network`()
        async throws
    {
        let engine = try NetworkLab.engine(reaching: [lab.echo])
        _ = try await engine.run(try Lab.request("print(1)"))
        let jailer = try #require(engine.jailerProcess)
        var request = try Lab.request(
            "import socket\ns = socket.create_connection(('server.test', \(lab.echo.port)))\ns.sendall(b'x'); print(s.recv(1))"
        )
        request.network.allow = [try .init(host: "server.test", port: lab.echo.port)]
        for _ in 0..<10 {
            for entry in ProcessTable.descendants(of: jailer) where entry.name == "diatom-init" {
                kill(entry.pid, SIGKILL)
            }
            do throws(RequestError) {
                let result = try await engine.run(request)
                #expect(
                    result.out == "b'x'\n" || result.verdict.status == .engineFailed
                        || result.verdict.signal == 9,
                    result.account)
            } catch {
                #expect(error.code == .unreachable)
            }
        }
    }
}
