internal import Domain
internal import Engine
internal import Glibc
internal import Synchronization
internal import Testing

/// Parts of the engine are killed under its runs.
///
/// Each test has an engine of its own to break.
@Suite(.needsSandboxes, .serialized, .timeLimit(.minutes(2)))
struct RecoveryTests {
    private static let sleeper = "import time\nprint('begun', flush=True)\ntime.sleep(1000)"

    /// Starts a run that sleeps, breaks something once it has begun, and gives what came of it.
    private func run(
        _ start: RunRequest.Start, on engine: RunEngine,
        breaking: @escaping @Sendable (Int32) async throws -> Void
    ) async throws -> RunResult {
        let request = try Lab.request(Self.sleeper, start: start)
        let (begun, signal) = AsyncStream<Never>.makeStream()
        let task = Task {
            try await engine.run(request, id: .now()) { event in
                if case .output = event.payload { signal.finish() }
            }
        }
        for await _ in begun {}
        try await breaking(try #require(engine.jailerProcess))
        return try await task.value
    }

    private func expectWorking(_ engine: RunEngine) async throws {
        for start in Lab.starts {
            let next = try await engine.run(try Lab.request("print('next')", start: start))
            #expect(next.out == "next\n", next.account)
        }
    }

    @Test(arguments: Lab.starts)
    func `a run whose jailer is killed ends as engine_failed, and the next one works`(
        _ start: RunRequest.Start
    ) async throws {
        let engine = try Lab.makeEngine()
        let result = try await run(start, on: engine) { jailer in kill(jailer, SIGKILL) }
        #expect(result.verdict == Verdict(status: .engineFailed), result.account)
        #expect(result.failure != nil)
        try await expectWorking(engine)
    }

    @Test func `of a killed jailer no process stays`() async throws {
        let engine = try Lab.makeEngine()
        try await expectWorking(engine)
        let seen = Mutex<[ProcessTable.Entry]>([])
        _ = try await run(.warm, on: engine) { jailer in
            seen.withLock { $0 = ProcessTable.descendants(of: jailer) }
            kill(jailer, SIGKILL)
        }
        let below = seen.withLock { $0 }
        #expect(below.count >= 5, "hosts, inits, guests: \(below)")
        let pids = Set(below.map(\.pid))
        await eventually { ProcessTable.all().allSatisfy { !pids.contains($0.pid) || $0.isDead } }
    }

    @Test(arguments: Lab.starts)
    func `a run whose init is killed ends as engine_failed, and the next one works`(_ start: RunRequest.Start)
        async throws
    {
        let engine = try Lab.makeEngine()
        let result = try await run(start, on: engine) { jailer in
            // Parked sandboxes have an init as well; they are replaced.
            for entry in ProcessTable.descendants(of: jailer) where entry.name == "diatom-init" {
                kill(entry.pid, SIGKILL)
            }
        }
        #expect(result.verdict == Verdict(status: .engineFailed), result.account)
        #expect(result.out == "begun\n")
        try await expectWorking(engine)
    }

    /// What makes the guest of a sandbox works in its host's memory, and may hold locks there when it is killed.
    @Test(arguments: ["python", "javascript"])
    func `sandboxes that end while their guests are made leave a host that works`(
        _ language: String
    ) async throws {
        let engine = try Lab.makeEngine()
        let code = language == "python" ? "print('next')" : "console.log('next')"
        let request = try Lab.request(code, language)
        _ = try await engine.run(request)
        let jailer = try #require(engine.jailerProcess)
        let end = ContinuousClock.now + .seconds(3)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask { while ContinuousClock.now < end { _ = try? await engine.run(request) } }
            }
            while ContinuousClock.now < end {
                for entry in ProcessTable.all() where entry.parent == jailer && entry.name == "diatom-init" {
                    kill(entry.pid, SIGKILL)
                }
                usleep(2_000)
            }
        }
        // Several at a time: a host that hangs would be asked again and again.
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<5 {
                        let next = try await engine.run(request)
                        #expect(next.out == "next\n", next.account)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test(arguments: ["python3", "diatom-exec"])
    func `a host that is killed under a run harms no run, and is replaced`(_ name: String) async throws {
        let engine = try Lab.makeEngine()
        try await expectWorking(engine)
        let request = try Lab.request(
            "import time\nprint('begun', flush=True)\ntime.sleep(0.5)\nprint('done')",
            start: name == "python3" ? .warm : .fresh)
        let (begun, signal) = AsyncStream<Never>.makeStream()
        let task = Task {
            try await engine.run(request, id: .now()) { event in
                if case .output = event.payload { signal.finish() }
            }
        }
        for await _ in begun {}
        let jailer = try #require(engine.jailerProcess)
        let hosts = ProcessTable.all().filter { $0.parent == jailer && $0.name.hasPrefix(name) }
        #expect(!hosts.isEmpty)
        for host in hosts { kill(host.pid, SIGKILL) }
        let result = try await task.value
        #expect(result.out == "begun\ndone\n", result.account)
        try await expectWorking(engine)
    }

    @Test func `a host that hangs is replaced, and a run that waited for it still comes to an end`()
        async throws
    {
        let engine = try Lab.makeEngine()
        try await expectWorking(engine)
        let jailer = try #require(engine.jailerProcess)
        let host = try #require(ProcessTable.all().first { $0.parent == jailer && $0.name == "diatom-exec" })
        kill(host.pid, SIGSTOP)
        // More than are parked: some must wait for the host.
        let results = try await withThrowingTaskGroup(of: RunResult.self) { group in
            for _ in 0..<6 {
                group.addTask { try await engine.run(try Lab.request("print('ok')", start: .fresh)) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results.allSatisfy { $0.out == "ok\n" }, "\(results.map(\.verdict.status))")
        try await expectWorking(engine)
    }

    @Test func `a poisoned program that kills all it can reach takes nobody with it`() async throws {
        let engine = try Lab.makeEngine()
        let code =
            "import os, signal\nfor pid in range(-1, 3000):\n    for s in (9, 19):\n        if pid not in (os.getpid(), 0, -1):\n            try: os.kill(pid, s)\n            except OSError: pass\nprint('tried')"
        for start in Lab.starts {
            let result = try await engine.run(try Lab.request(code, start: start))
            #expect(result.out == "tried\n", result.account)
        }
        try await expectWorking(engine)
    }
}
