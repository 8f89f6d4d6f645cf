internal import Domain
@testable internal import Engine
internal import Posix
internal import Synchronization
internal import Testing

/// A machine that is as it is told to be.
private final class FakeMachine: MachineReader {
    let load: Mutex<MachineLoad>

    init(_ load: MachineLoad = MachineLoad()) { self.load = Mutex(load) }

    func read() -> MachineLoad { load.withLock { $0 } }
}

/// What became of many runs.
private final class Tally: Sendable {
    let counts = Mutex((now: 0, most: 0, done: 0, refused: 0))
}

/// Two threads that begin at the same moment.
private final class Both: Sendable {
    private let here = Atomic(0)
    private let ended = Atomic(0)

    func meet(_ body: () -> Void) {
        here.add(1, ordering: .acquiringAndReleasing)
        while here.load(ordering: .acquiring) < 2 {}
        body()
        ended.add(1, ordering: .acquiringAndReleasing)
    }

    /// Whether both have, within a time that only a deadlock takes.
    func haveEnded() async -> Bool {
        for _ in 0..<20_000 {
            if ended.load(ordering: .acquiring) == 2 { return true }
            try? await Task.sleep(for: .milliseconds(1))
        }
        return false
    }
}

@Suite(.timeLimit(.minutes(1)))
struct AdmissionGateTests {
    private static func limits(busy: Int, waiting: Int = 500) -> AdmissionLimits {
        var limits = AdmissionLimits()
        limits.mostBusy = busy
        limits.mostWaiting = waiting
        return limits
    }

    private static func wait(for gate: AdmissionGate, waiting: Int) async {
        while gate.snapshot.waiting != waiting { try? await Task.sleep(for: .milliseconds(1)) }
    }

    @Test func `of thousands at once each is let in or refused, none twice and none lost`() async {
        let gate = AdmissionGate(Self.limits(busy: 3, waiting: 500), machine: FakeMachine())
        let tally = Tally()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<3_000 {
                group.addTask {
                    do throws(RequestError) {
                        guard case .admitted(let ticket) = try await gate.enter(AdmissionWish(key: .local))
                        else { return }
                        tally.counts.withLock {
                            $0.now += 1
                            $0.most = max($0.most, $0.now)
                        }
                        await Task.yield()
                        tally.counts.withLock {
                            $0.now -= 1
                            $0.done += 1
                        }
                        gate.leave(ticket, cpu: .zero)
                    } catch {
                        tally.counts.withLock {
                            $0.refused += error.code == .busy && error.retryAfter != nil ? 1 : 0
                        }
                    }
                }
            }
        }
        let ended = tally.counts.withLock { $0 }
        #expect(ended.done + ended.refused == 3_000 && ended.done > 500 && ended.most <= 3)
        #expect(gate.snapshot.running == 0 && gate.snapshot.waiting == 0)
    }

    /// Each takes a lock of the task's and one of the gate's, and they must not do so in turns.
    @Test func `a run that is let in while it is cancelled holds up nobody`() async throws {
        let gate = AdmissionGate(Self.limits(busy: 1), machine: FakeMachine())
        for _ in 0..<3_000 {
            guard case .admitted(let holder) = try await gate.enter(AdmissionWish(key: .local)) else {
                Issue.record("nothing runs, and a run was not let in")
                return
            }
            let waiting = Task { try await gate.enter(AdmissionWish(key: .local)) }
            await Self.wait(for: gate, waiting: 1)
            // From threads of their own: a deadlock leaves those that run the tests free to say so.
            let both = Both()
            startThread(name: "leaves") { both.meet { gate.leave(holder, cpu: .zero) } }
            startThread(name: "cancels") { both.meet { waiting.cancel() } }
            try #require(await both.haveEnded())
            if case .admitted(let ticket) = try await waiting.value { gate.leave(ticket, cpu: .zero) }
        }
        #expect(gate.snapshot.running == 0 && gate.snapshot.waiting == 0)
    }

    @Test func `a cancelled task waits no longer, nor does one that was cancelled before`() async throws {
        let gate = AdmissionGate(Self.limits(busy: 1), machine: FakeMachine())
        _ = try await gate.enter(AdmissionWish(key: .local))
        let waiting = Task { try await gate.enter(AdmissionWish(key: .local)) }
        await Self.wait(for: gate, waiting: 1)
        waiting.cancel()
        guard case .over = try await waiting.value else { return #expect(Bool(false), "it was let in") }
        let cancelled = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await gate.enter(AdmissionWish(key: .local))
        }
        guard case .over = try await cancelled.value else { return #expect(Bool(false), "it was let in") }
        #expect(gate.snapshot.cancelled == 2)
    }

    @Test func `those that wait are let in as soon as the machine has room`() async throws {
        let machine = FakeMachine(MachineLoad(runnable: 1))
        let gate = AdmissionGate(Self.limits(busy: 1), machine: machine)
        _ = try await gate.enter(AdmissionWish(key: .local))
        let waiting = Task { try await gate.enter(AdmissionWish(key: .local)) }
        await Self.wait(for: gate, waiting: 1)
        try await Task.sleep(for: .milliseconds(20))
        #expect(gate.snapshot.waiting == 1)
        machine.load.withLock { $0.runnable = 0 }
        guard case .admitted = try await waiting.value else { return #expect(Bool(false), "it was not") }
    }

    @Test func `a drain answers those that wait with 503 at once`() async throws {
        let gate = AdmissionGate(Self.limits(busy: 1), machine: FakeMachine())
        _ = try await gate.enter(AdmissionWish(key: .local))
        let waiting = Task { try await gate.enter(AdmissionWish(key: .local)) }
        await Self.wait(for: gate, waiting: 1)
        gate.drain()
        let error = await #expect(throws: RequestError.self) { try await waiting.value }
        #expect(error?.code == .draining)
    }

    @Test func `the kernel's figures are read, and nonsense is none`() {
        #expect(ProcReader.runnable("0.10 0.20 0.30 4/512 999\n") == 3)
        #expect(ProcReader.runnable("0.10 0.20") == nil && ProcReader.runnable("a b c d/e") == nil)
        let load = ProcReader().read()
        #expect(load.runnable != nil && load.availableMemory != nil && load.totalMemory != nil)
    }
}

@Suite(.needsSandboxes, .timeLimit(.minutes(2)))
struct AdmittedRunTests {
    private static func engine(_ configure: @escaping (inout AdmissionLimits) -> Void) throws -> RunEngine {
        try Lab.makeEngine { configure(&$0.admission) }
    }

    @Test func `a key's runs wait for each other, and say how long`() async throws {
        let engine = try Self.engine { $0.mostBusy = 50 }
        var request = try Lab.request("import time; time.sleep(0.3)")
        request.allowance.concurrency = 1
        let results = try await withThrowingTaskGroup(of: RunResult.self) { group in
            for _ in 0..<3 { group.addTask { [request] in try await engine.run(request) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let waits = results.compactMap(\.queued).sorted()
        #expect(results.allSatisfy { $0.verdict.status == .succeeded })
        #expect(waits.count == 3 && waits[1] >= .milliseconds(290) && waits[2] >= .milliseconds(590))
        #expect(engine.admission.running == 0 && engine.admission.admitted == 3)
    }

    @Test func `a run that is not let in before its deadline is cancelled, and nothing of it ran`()
        async throws
    {
        let engine = try Self.engine { $0.mostRunning = 1 }
        let first = Task { try await engine.run(try Lab.request("import time; time.sleep(1)")) }
        while engine.admission.running == 0 { try await Task.sleep(for: .milliseconds(1)) }
        var late = try Lab.request("print(1)")
        late.deadline = .milliseconds(50)
        let result = try await engine.run(late)
        #expect(result.verdict.status == .cancelled && result.stdout.isEmpty && result.receipt == nil)
        #expect(result.queued >= .milliseconds(50))
        #expect(try await first.value.verdict.status == .succeeded)
    }

    @Test func `what a key may not use is refused, and defaults are lowered to it`() async throws {
        var request = try Lab.request("print(1)")
        request.allowance.memory = .mebibytes(128)
        request.allowance.wall = .seconds(5)
        request.limits.wall = .seconds(6)
        await Self.expect(.limitTooHigh, "limits.wall_ms", request)
        request.limits.wall = .seconds(5)
        #expect(try await Lab.engine().run(request).verdict.status == .succeeded)
        request.allowance.languages = ["c"]
        await Self.expect(.unknownLanguage, "language", request)
        request.allowance.languages = nil
        request.allowance.allowsNetwork = false
        #expect(try await Lab.engine().run(request).verdict.status == .succeeded)
        request.network = NetworkPolicy(allow: [try NetworkPolicy.Endpoint(parsing: "example.org:443")])
        await Self.expect(.networkUnavailable, "network", request)
    }

    private static func expect(_ code: RequestError.Code, _ field: String, _ request: RunRequest) async {
        let error = await #expect(throws: RequestError.self) { try await Lab.engine().run(request) }
        #expect(error?.code == code && error?.field == field)
    }
}
