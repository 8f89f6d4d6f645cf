internal import Domain
internal import Engine
internal import Glibc
internal import Posix
internal import Testing
internal import Workers

/// A way in which a library cheats that has taken its host over, and what is said of it.
struct Cheat: CustomTestStringConvertible, Sendable {
    var mode: String
    var testDescription: String
    /// What the host's end is put down to.
    var failure: String

    init(_ mode: String, _ what: String, _ failure: String) {
        self.mode = mode
        testDescription = what
        self.failure = failure
    }

    static let all = [
        Cheat("privilege", "a guest keeps its capabilities", "guest has kept privilege"),
        Cheat("descriptor", "a guest keeps descriptors of its host", "guest has descriptors"),
        Cheat("memory", "a guest keeps memory that its host writes to", "guest shares memory"),
        Cheat("table", "a guest has the descriptors of a process outside", "guest is not apart"),
        Cheat("space", "a guest has the memory of a process outside", "guest is not apart"),
        Cheat("folder", "a guest stands in its host's workspace", "guest stands in another root"),
        Cheat("second", "a second process is in the sandbox", "guest is not alone"),
        Cheat("lurker", "a second process in the sandbox hides", "guest is not alone"),
        Cheat("unseen", "a guest has a child that hides when it is parked", "guest is not alone"),
        Cheat("sneak", "a second process comes after the guest", "guest is not alone"),
        Cheat("thread", "a guest has a thread", "guest is not alone"),
        Cheat("child", "a guest has a child when it is parked", "guest is not alone"),
        Cheat("groups", "a guest joins no control group", "guest is in other control groups"),
        Cheat("group", "a guest keeps the files of its control groups", "guest has descriptors"),
        Cheat("socket", "a socket is left in the network namespace", "sandbox has been used"),
        Cheat("segment", "a segment is left in the ipc namespace", "sandbox has been used"),
        Cheat("order", "namespaces are entered in another order", "confined host"),
        Cheat("stale", "the namespaces are another sandbox's", "confined host"),
        Cheat("grandchild", "who enters is no child of the host's", "confined host"),
        Cheat("gone", "who entered is gone when the guest asks", "guest is not apart"),
        Cheat("silent", "who enters never goes on", "confined host does not answer"),
        Cheat("deaf", "a host never answers", "confined host does not answer"),
        Cheat("garbage", "a host writes garbage to its init", "confined host"),
    ]
}

/// Hosts whose library is a stranger's: nothing they do gets through, and nothing but their own runs suffers.
@Suite(.needsSandboxes, .serialized, .timeLimit(.minutes(5)))
struct HostileHostTests {
    private static let library: String? = {
        let path = FilePath(#filePath).up(2) + "/Fixtures/confined/hostile.py"
        return try? SmallFile.read(path, limit: 1 << 20)
    }()

    let folder: EnvironmentFolder
    let reactor: Reactor
    let link: JailerLink

    init() throws {
        signal(SIGPIPE, SIG_IGN)
        let folder = try EnvironmentFolder()
        self.folder = folder
        reactor = try Reactor()
        reactor.start(name: "hostile-tests")
        link = try JailerLink.start(
            program: Lab.jailer,
            arguments: ["--allow", "memory:sampled", "--warm-python", "yes", "--environments", folder.path],
            reactor: reactor)
    }

    private func order(_ environment: [String: String], _ image: EnvironmentImage?) -> StepOrder {
        var variables = [
            "DIATOM_ENVIRONMENT": "/diatom/environments/\(image?.hash ?? "")", "PATH": "/usr/bin:/bin",
            "HOME": "/home/user",
        ]
        variables.merge(environment) { $1 }
        if image == nil { variables["DIATOM_ENVIRONMENT"] = nil }
        let main = try? SourceFile(
            path: WorkspacePath(parsing: "main.py"), content: Array("print('ran')".utf8))
        var limits = Limits(.run)
        limits.wall = .seconds(10)
        limits.memory = .mebibytes(256)
        var order = StepOrder(
            host: .python, arguments: [Array("python3".utf8), Array("/home/user/main.py".utf8)],
            environment: variables.map { EnvironmentVariable(name: $0.key, value: $0.value) },
            files: main.map { [$0] } ?? [], stdin: .bytes([]), limits: limits, key: .local)
        order.confined = image?.hash
        return order
    }

    private func host(_ image: EnvironmentImage, configure: (inout StepOrder) -> Void = { _ in }) throws
        -> StepSession
    {
        var order = order(["DIATOM_PRELOAD": "hostile"], image)
        order.isHost = true
        configure(&order)
        return try link.start(order)
    }

    /// Everything that comes of a step.
    private func events(_ session: StepSession) async -> (started: Bool, output: String, last: StepEvent?) {
        var output: [UInt8] = []
        var last: StepEvent?
        var started = false
        while let event = await session.channel.next() {
            switch event {
            case .started: started = true
            case .output(let part): output += part.bytes
            case .found, .denied: break
            case .ended, .failed, .unhosted: last = event
            }
        }
        return (started, String(decoding: output, as: UTF8.self), last)
    }

    /// Waits until a host can fork, or has ended without.
    private func begin(_ session: StepSession) async -> (isStarted: Bool, last: StepEvent?) {
        while let event = await session.channel.next() {
            switch event {
            case .started: return (true, nil)
            case .output, .found, .denied: break
            case .ended, .failed, .unhosted: return (false, event)
            }
        }
        return (false, nil)
    }

    private func expectOthersWork() async throws {
        let result = await events(try link.start(order([:], nil)))
        #expect(result.output == "ran\n", "\(String(describing: result.last))")
    }

    private func image(_ mode: String) throws -> EnvironmentImage {
        let text = try #require(Self.library).replacing("MODE = \"honest\"", with: "MODE = \"\(mode)\"")
        return try folder.add(["hostile": text])
    }

    @Test(arguments: Cheat.all) func `a host that cheats is found out and ends`(_ cheat: Cheat) async throws {
        // Where nothing counts there are no control groups to stay out of.
        if ["group", "groups"].contains(cheat.mode), await link.greeting()?.isSampled == true { return }
        let image = try image(cheat.mode)
        let host = try host(image)
        // The pool has sandboxes made for runs to come; nobody need ask for one.
        let beginning = await begin(host)
        let end = beginning.isStarted ? await events(host).last : beginning.last
        guard case .ended(let outcome)? = end else {
            Issue.record("the host did not end: \(String(describing: end))")
            return
        }
        #expect(outcome.failure?.contains(cheat.failure) == true, "\(outcome.failure ?? "no failure")")
        let run = await events(try link.start(order([:], image)))
        guard case .unhosted = run.last else {
            Issue.record("not refused for want of a host: \(run)")
            return
        }
        try await expectOthersWork()
    }

    /// What a library does when it is imported, whether its host comes to serve, and what its end is put down to.
    private static let imports: [(what: String, code: String, serves: Bool, reason: StepOutcome.Reason)] = [
        ("never returns", "import time\ntime.sleep(1000)", false, .wall),
        ("never returns and works", "while True: pass", false, .cpu),
        ("eats memory", "x = [b'x' * (1 << 20) for _ in range(4000)]", false, .memory),
        ("ends the process", "import os\nos._exit(3)", false, .own),
        ("ends the interpreter", "raise SystemExit", true, .cancelled),
        ("fails", "1 / 0", true, .cancelled),
        ("kills all it can", "import os\nos.kill(-1, 9)", true, .cancelled),
        ("leaves children", "import os, time\nif os.fork() == 0:\n    time.sleep(1000)", true, .cancelled),
        (
            "leaves a thread",
            "import threading, time\nthreading.Thread(target=time.sleep, args=(1000,), daemon=True).start()",
            true, .cancelled
        ),
        (
            "opens descriptors",
            "import os, socket\nkept = socket.socketpair(), os.pipe(), socket.create_server(('127.0.0.1', 0))",
            true, .cancelled
        ),
        ("replaces fork", "import os, ctypes\nos.fork = lambda: 1 / 0\nctypes.CDLL = None", true, .cancelled),
        (
            "tries to leave",
            "import ctypes\nc = ctypes.CDLL(None)\nassert c.unshare(0x10000000) < 0 and c.setns(0, 0x40000000) < 0 and c.mount(b'/', b'/tmp', 0, 4096, 0) < 0 and c.syscall(308, -1, 0x44494154) < 0",
            true, .cancelled
        ),
        ("breaks what the host needs", "import gc\ngc.freeze = None", false, .own),
    ]

    @Test func `whatever a library does when it is imported, other runs go on and its own are told`()
        async throws
    {
        for (number, row) in Self.imports.enumerated() {
            let image = try folder.add(["hostile": row.code], number: UInt8(number))
            let host = try host(image) {
                $0.limits.wall = .seconds(3)
                $0.limits.cpu = .milliseconds(row.reason == .cpu ? 500 : 20_000)
            }
            let beginning = await begin(host)
            #expect(beginning.isStarted == row.serves, "\(row.what): \(String(describing: beginning.last))")
            var end = beginning.last
            if beginning.isStarted {
                let run = await events(try link.start(order([:], image)))
                #expect(run.output == "ran\n", "\(row.what): \(String(describing: run.last))")
                host.cancel()
                end = await events(host).last
            }
            guard case .ended(let outcome)? = end else {
                Issue.record("\(row.what): \(String(describing: end))")
                continue
            }
            #expect(outcome.reason == row.reason || outcome.sampled, "\(row.what): \(outcome)")
            try await expectOthersWork()
        }
    }

    @Test(arguments: ["honest", "forged", "root", "hidden"])
    func `a host that is a library's own may lie in the runs that import it, and in no others`(_ mode: String)
        async throws
    {
        let image = try image(mode)
        let host = try host(image)
        #expect(await begin(host).isStarted)
        for _ in 0..<4 {
            let run = await events(try link.start(order([:], image)))
            #expect(run.output == "lied\n", "\(String(describing: run.last))")
        }
        host.cancel()
        _ = await events(host)
        try await expectOthersWork()
    }
}

/// A path's folders.
private struct FilePath {
    var text: String

    init(_ file: StaticString) { text = "\(file)" }

    func up(_ count: Int) -> String { text.split(separator: "/").dropLast(count).map { "/" + $0 }.joined() }
}
