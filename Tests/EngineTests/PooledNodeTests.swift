internal import Domain
internal import Engine
internal import Glibc
internal import Posix
internal import Testing

extension Lab {
    private static let sharedPool = Result { try makeEngine { $0.warmNode = .pooled } }

    /// An engine that starts Node ahead, one for each run.
    static func pool() throws -> RunEngine { try sharedPool.get() }

    static func runPooled(
        _ code: String, _ language: String = "javascript",
        configure: (inout RunRequest) throws -> Void = { _ in }
    ) async throws -> RunResult {
        var request = try request(code, language)
        try configure(&request)
        return try await pool().run(request)
    }
}

extension Trait where Self == ConditionTrait {
    static var needsNodeAhead: Self {
        .enabled("Node is not installed (make node, then make test)") {
            try #require(await Lab.pool().greeting()).pooled.contains(.node)
        }
    }
}

/// Where Node cannot be forked, each run finds one that was started for it, confined before it was Node.
@Suite(.needsSandboxes, .needsNodeAhead, .timeLimit(.minutes(3)))
struct PooledNodeTests {
    static let programs = FriendlyProgram.all.filter { ["javascript", "typescript"].contains($0.language) }

    @Test(arguments: programs)
    func `an ordinary program works in a Node that was started ahead`(_ program: FriendlyProgram) async throws
    {
        if let missing = try await FriendlyTests().missing(program) {
            try Test.cancel("this machine lacks \(missing)")
        }
        let result = try await Lab.pool().run(try program.request(.warm))
        #expect(result.receipt?.start == .pooled)
        #expect(result.verdict.exitCode == program.exitCode, result.account)
        if let stdout = program.stdout { #expect(result.out == stdout, result.account) }
        for piece in program.stdoutContains ?? [] { #expect(result.out.contains(piece), result.account) }
    }

    /// What a program can see of how it was started.
    static let views = [
        "process.argv.join()", "process.execArgv.join()", "process.execPath", "process.cwd()",
        "require.main.filename",
        "Object.entries(process.env).sort().join()", "process.pid", "process.title", "process.ppid",
        "Object.keys(require.cache).join()", "new Error('x').stack", "process.exitCode",
        "require('fs').readdirSync('/proc/self/fd').filter(n => { try { return require('fs').readlinkSync('/proc/self/fd/' + n).startsWith('socket') } catch { return false } }).length",
        "require('fs').readFileSync('/proc/self/status', 'utf8').match(/^(Cap|NoNewPrivs|Seccomp:|Uid|Groups).*/gm).join()",
        "require('fs').readFileSync(0, 'utf8')", "process.stdout.constructor.name", "new Date(0).getHours()",
        "process.listenerCount('exit')", "module.children.length", "require('os').homedir()",
    ]

    @Test(arguments: views)
    func `a program sees what it would see in a fresh Node`(_ view: String) async throws {
        func out(_ start: RunRequest.Start) async throws -> String {
            let result = try await Lab.runPooled("console.log(String(\(view)))") {
                $0.start = start
                $0.stdin = .bytes(Array("input\n".utf8))
                $0.args = [Array("one".utf8), Array("--two".utf8)]
                $0.env = [EnvironmentVariable(name: "TZ", value: "Asia/Tokyo")]
            }
            #expect(result.verdict.status == .succeeded, result.account)
            #expect(result.receipt?.start == (start == .warm ? .pooled : .exec))
            return result.out
        }
        #expect(try await out(.warm) == out(.fresh))
    }

    @Test func `a Node is used once, and many at a time are no matter`() async throws {
        let code = """
            console.log(globalThis.seen === undefined, require('fs').readdirSync('.').join(), Math.random());
            globalThis.seen = true;
            require('fs').writeFileSync('left.txt', 'x');
            """
        var seen: Set<String> = []
        try await withThrowingTaskGroup(of: RunResult.self) { group in
            for _ in 0..<12 { group.addTask { try await Lab.runPooled(code) } }
            for try await result in group {
                #expect(result.out.hasPrefix("true main.js "), result.account)
                #expect(result.receipt?.start == .pooled)
                seen.insert(result.out)
            }
        }
        #expect(seen.count == 12, "\(seen)")
    }

    @Test func `an entry of another name, a module and a TypeScript file with more than types run`()
        async throws
    {
        let module = try await Lab.runPooled(
            "import { sep } from 'node:path'; console.log(sep, import.meta.filename)"
        ) {
            $0.files[0].path = try WorkspacePath(parsing: "deep/start.mjs")
            $0.entry = "deep/start.mjs"
        }
        #expect(module.out == "/ /home/user/deep/start.mjs\n", module.account)
        let typed = try await Lab.runPooled(
            "enum E { a = 1 }\nconst x: E = E.a;\nconsole.log(x)", "typescript")
        #expect(typed.out == "1\n", typed.account)
        #expect(module.receipt?.start == .pooled && typed.receipt?.start == .pooled)
    }

    @Test func `limits hold, and what the start cost is nobody's`() async throws {
        let idle = try await Lab.runPooled("")
        #expect(idle.verdict.status == .succeeded, idle.account)
        if let cpu = idle.usage.cpu { #expect(cpu < .milliseconds(500), "\(cpu)") }
        let endless = try await Lab.runPooled("for (;;);") { $0.limits.wall = .milliseconds(500) }
        #expect(endless.verdict.status == .timeExceeded, endless.account)
        let greedy = try await Lab.runPooled("const all = []; for (;;) all.push(Buffer.alloc(1 << 20, 1));") {
            $0.limits.memory = .mebibytes(128)
        }
        #expect(greedy.verdict.status == .memoryExceeded, greedy.account)
        let denied = try await Lab.runPooled(
            "require('child_process').execFileSync('/usr/bin/unshare', ['-U', 'true'])")
        #expect(denied.verdict.status == .failed, denied.account)
    }

    @Test func `its receipt names the policy of programs, which bound it before it was Node`() async throws {
        let pooled = try await Lab.runPooled("")
        let fresh = try await Lab.runPooled("") { $0.start = .fresh }
        #expect(pooled.receipt?.policy == fresh.receipt?.policy)
        #expect(pooled.receipt?.layers == fresh.receipt?.layers)
    }

    @Test func `a run that is profiled gets a Node of its own`() async throws {
        let result = try await Lab.runPooled("console.log(1)") { $0.profile = true }
        #expect(result.receipt?.start == .exec)
        #expect(result.usage.systemCalls?["execve"] != nil, result.account)
    }

    @Test func `what ends before it is ready is a refusal that says so, and keeps nobody waiting`()
        async throws
    {
        let engine = try Lab.makeEngine {
            $0.warmNode = .pooled
            $0.node = "/usr/bin/true"
        }
        await #expect {
            try await engine.run(try Lab.request("console.log(1)", "javascript"))
        } throws: { error in
            let error = error as? RequestError
            return error?.code == .unreachable && error?.message.contains("started ahead") == true
        }
    }

    private static let other = "/usr/bin/node"

    @Test(
        .enabled("there is no second Node, of another version than 24, in /usr") {
            NodeVersion(ofNode: other).map { $0.major != 24 } ?? false
        })
    func `another Node than is known to survive a fork is pooled by itself`() async throws {
        let engine = try Lab.makeEngine { $0.node = Self.other }
        let result = try await engine.run(try Lab.request("console.log(process.version)", "javascript"))
        #expect(result.receipt?.start == .pooled)
        #expect(result.out.hasPrefix("v") && !result.out.hasPrefix("v24."), result.account)
    }
}
