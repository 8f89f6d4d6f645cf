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

    @Test(arguments: ["honest", "forged", "root"])
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
