internal import CJail
internal import Domain
internal import Engine
internal import Glibc
internal import Posix
internal import Synchronization
internal import Testing

/// What a program does not reach, and who is told of it.
@Suite(.needsSandboxes, .timeLimit(.minutes(3)))
struct NetworkDenialTests {
    private let lab: NetworkLab

    init() throws { lab = try NetworkLab.shared.get() }

    /// Tries to talk to a server; says what came of it.
    private func trial(_ host: String, _ port: UInt16) -> String {
        """
        import socket
        try:
            s = socket.create_connection(('\(host)', \(port)), 10)
            s.sendall(b'x'); print('heard', s.recv(1))
        except OSError as e: print(type(e).__name__, e.errno)
        """
    }

    @Test(arguments: [
        "private.test", "loop.test", "metadata.test", "metadata6.test", "mapped.test", "translated.test",
        "multicast.test", "nowhere.test", "six.test", "mixed.test",
    ])
    func `a name that leads to an address that is not public is refused`(_ name: String) async throws {
        let port = lab.echo.port
        let result = try await lab.run(trial(name, port), allow: ["\(name):\(port)"])
        #expect(
            result.out == "ConnectionResetError 104\n" || result.out == "BrokenPipeError 32\n", result.account
        )
        let use = try #require(result.network)
        #expect(use.denials == [NetworkDenial(target: "\(name):\(port)", reason: .privateAddress)])
        #expect(use.denied == 1 && use.sent.bytes == 0)
    }

    @Test func `an exception of the operator's holds for its port and its name alone`() async throws {
        let result = try await lab.run(
            trial("server.test", 9), allow: ["server.test:9", "other.test:\(lab.echo.port)"])
        #expect(result.network?.denials.first?.reason == .privateAddress, result.account)
        let other = try await lab.run(
            trial("other.test", lab.echo.port), allow: ["other.test:\(lab.echo.port)"])
        #expect(other.network?.denials.first?.reason == .privateAddress, other.account)
    }

    @Test(arguments: ["10.0.0.1:80", "169.254.169.254:80", "127.0.0.1:1", "0.0.0.0:80", "224.0.0.1:80"])
    func `a policy that names an address that is not public is refused before anything runs`(
        _ endpoint: String
    ) async throws {
        var request = try Lab.request("print(1)")
        request.network.allow = [try .init(parsing: endpoint)]
        var error: RequestError?
        do throws(RequestError) {
            _ = try await lab.engine.run(request)
        } catch let refusal { error = refusal }
        #expect(error?.code == .networkUnavailable && error?.field == "network.allow[0]")
        #expect(error?.message.contains("'\(endpoint)'") == true)
    }

    @Test(arguments: Lab.starts)
    func `a name outside of the policy does not resolve, and is told of`(_ start: RunRequest.Start)
        async throws
    {
        let told = Mutex<[NetworkDenial]>([])
        var request = try Lab.request(
            "import socket\nfor n in ['secret.evil.test', 'secret.evil.test', 'gone.test']:\n"
                + "  try: print(socket.getaddrinfo(n, 80))\n  except OSError as e: print(e)", start: start)
        request.network.allow = [try .init(parsing: "server.test:80")]
        let result = try await lab.engine.run(request, id: .now()) { event in
            if case .denied(let denial) = event.payload { told.withLock { $0.append(denial) } }
        }
        #expect(
            result.out == String(repeating: "[Errno -2] Name or service not known\n", count: 3),
            result.account)
        let expected = ["secret.evil.test", "gone.test"].map {
            NetworkDenial(target: $0, reason: .notAllowed)
        }
        #expect(told.withLock { $0 } == expected)
        #expect(result.network?.denials == expected)
    }

    @Test func `ports, addresses and protocols outside of the policy are not there`() async throws {
        let code = """
            import socket
            def t(f):
                try: f(); print('reached')
                except OSError as e: print(e.errno)
            t(lambda: socket.create_connection(('server.test', 1), 5))
            t(lambda: socket.create_connection(('1.1.1.1', 80), 5))
            t(lambda: socket.create_connection(('10.0.0.1', 80), 5))
            t(lambda: socket.create_connection(('2606:4700::1111', 80), 5))
            u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            t(lambda: u.sendto(b'x', ('8.8.8.8', 53)))
            t(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))
            """
        let result = try await lab.run(code, allow: ["server.test:\(lab.echo.port)"])
        let numbers = result.out.split(separator: "\n").map(String.init)
        #expect(numbers.first == "\(ECONNREFUSED)", result.account)
        #expect(numbers.count == 6 && !numbers.contains("reached"), result.account)
    }

    @Test func `a server that is not there is a failure, not a refusal`() async throws {
        let result = try await lab.run(trial("gone.test", 80), allow: ["gone.test:80"])
        #expect(
            result.out.hasPrefix("ConnectionResetError") || result.out.hasPrefix("BrokenPipe"), result.account
        )
        #expect(result.network?.failed == 1 && result.network?.denied == 0)
    }

    @Test func `a program may listen where no server of its policy stands, and hears itself only`()
        async throws
    {
        let code = """
            import socket
            def t(address):
                try: l = socket.create_server(address); return l
                except OSError as e: print(e.errno)
            t(('127.77.0.1', \(lab.echo.port))); t(('127.0.0.53', 53))
            l = t(('127.77.0.1', 7777))
            s = socket.create_connection(('127.77.0.1', 7777)); c, _ = l.accept()
            s.sendall(b'own'); print(c.recv(3))
            """
        let result = try await lab.run(code, allow: ["server.test:\(lab.echo.port)"])
        #expect(result.out == "\(EADDRINUSE)\n\(EACCES)\nb'own'\n", result.account)
        #expect(result.network?.connections == 0)
    }

    @Test(arguments: Lab.starts)
    func `nothing of a network is left for the next run`(_ start: RunRequest.Start) async throws {
        let engine = try Lab.makeEngine { $0.parked = 1 }
        let look =
            "import socket\nprint(repr(open('/etc/resolv.conf').read()), 'dns' in open('/etc/nsswitch.conf').read())\n"
            + "try: print(socket.getaddrinfo('example.org', 80))\nexcept OSError as e: print(e)"
        for _ in 0..<3 {
            var with = try Lab.request("print(1)", start: start)
            with.network.allow = [try .init(parsing: "example.org:443")]
            let first = try await engine.run(with)
            #expect(first.verdict.status == .succeeded, first.account)
            let second = try await engine.run(try Lab.request(look, start: start))
            #expect(second.out.hasPrefix("'' False\n[Errno"), second.account)
            #expect(second.network == nil && second.receipt?.network.isNone == true)
        }
    }

    @Test func `a flood of lookups and a flood of connections cost their limit and no more`() async throws {
        let code = """
            import socket
            q = bytes.fromhex('000101000001000000000000') + b'\\x01a\\x04evil\\x00\\x00\\x01\\x00\\x01'
            u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.setblocking(False)
            for i in range(60000):
                try: u.sendto(q, ('127.0.0.53', 53)); u.recv(100)
                except OSError: pass
            for junk in [b'', b'x' * 12, b'x' * 600, q[:-1], q[:4] + b'\\0\\2' + q[6:], b'\\xff' * 300]:
                try: u.sendto(junk, ('127.0.0.53', 53))
                except OSError: pass
            print('done')
            """
        let result = try await lab.run(code, allow: ["server.test:\(lab.echo.port)"])
        #expect(result.out == "done\n", result.account)
        #expect((1...4).contains(result.network?.denials.count ?? 0))
        // The engine is as well as before.
        let next = try await lab.run(
            trial("server.test", lab.echo.port), allow: ["server.test:\(lab.echo.port)"])
        #expect(next.out == "heard b'x'\n", next.account)
    }

    @Test(
        .enabled(if: Self.canBecomeAnother, "only root can become another user, who must reach the programs"))
    func `an ordinary user's runs have the same network`() async {
        await #expect(processExitsWith: .success) {
            try #require(cjail_become_user(65_534, 65_534) == 0)
            let lab = try NetworkLab()
            let greeting = try #require(await lab.engine.greeting())
            #expect(greeting.refusal == nil && !greeting.hasOwnUsers)
            for start in Lab.starts {
                let code = """
                    import socket
                    s = socket.create_connection(('server.test', \(lab.echo.port)))
                    s.sendall(b'me'); print(s.recv(2))
                    try: socket.getaddrinfo('evil.test', 80)
                    except OSError as e: print(e)
                    """
                let result = try await lab.run(code, allow: ["server.test:\(lab.echo.port)"], start: start)
                #expect(result.out == "b'me'\n[Errno -2] Name or service not known\n", result.account)
                #expect(result.network?.denied == 1)
            }
        }
    }

    /// Whether another user could start the jailer.
    private static var canBecomeAnother: Bool {
        guard geteuid() == 0 else { return false }
        var path = ""
        for name in Lab.jailer.split(separator: "/") {
            path += "/\(name)"
            var state = stat()
            guard stat(path, &state) == 0, state.st_mode & 0o001 != 0 else { return false }
        }
        return true
    }
}
