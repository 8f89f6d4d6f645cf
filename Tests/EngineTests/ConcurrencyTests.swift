internal import Domain
internal import Engine
internal import Glibc
internal import Synchronization
internal import Testing

@Suite(.needsSandboxes, .timeLimit(.minutes(2)))
struct ConcurrencyTests {
    @Test(arguments: Lab.starts)
    func `100 runs at once each get their own input and output`(_ start: RunRequest.Start) async throws {
        let results = try await withThrowingTaskGroup(of: (Int, RunResult).self) { group in
            for number in 0..<100 {
                group.addTask {
                    let code =
                        "import sys, time\nn = int(sys.stdin.read())\nopen('f', 'w').write(str(n))\ntime.sleep(0.2)\nprint(n, open('f').read(), sys.argv[1])"
                    return (
                        number,
                        try await Lab.run(code, start: start) {
                            $0.stdin = .bytes(Array("\(number)".utf8))
                            $0.args = [Array("a\(number)".utf8)]
                        }
                    )
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results.count == 100)
        for (number, result) in results {
            #expect(result.out == "\(number) \(number) a\(number)\n", result.account)
        }
        #expect(Set(results.map(\.1.id)).count == 100)
    }

    @Test(arguments: Lab.starts)
    func `events come in order and are numbered, and the result is their fold`(_ start: RunRequest.Start)
        async throws
    {
        let code =
            "import sys\nopen('f', 'w').write('x')\nprint('a', flush=True)\nprint('b', file=sys.stderr, flush=True)"
        var request = try Lab.request(code, start: start)
        request.collect = ["f"]
        let seen = Mutex<[RunEvent]>([])
        let id = RunID.now()
        let result = try await Lab.engine().run(request, id: id) { event in seen.withLock { $0.append(event) }
        }
        let events = seen.withLock { $0 }
        #expect(events.map(\.number) == Array(0..<events.count))
        #expect(events.allSatisfy { $0.run == id && $0.policy == result.receipt?.policy && $0.time > 0 })
        let kinds = events.map { event in
            switch event.payload {
            case .preparing: "preparing"
            case .prepared: "prepared"
            case .started: "started"
            case .output: "output"
            case .file: "file"
            case .result: "result"
            case .denied: "denied"
            case .tested: "tested"
            case .filesLeftOut: "left out"
            case .compiled: "compiled"
            case .finished: "finished"
            }
        }
        #expect(kinds == ["started", "output", "output", "file", "finished"])
        #expect(result.out == "a\n" && result.err == "b\n" && result.files.count == 1)
    }

    /// More than the channel and the pipe hold together, to an observer that waits for each piece.
    @Test func `a slow observer slows the guest down and loses nothing`() async throws {
        var request = try Lab.request(
            "import sys, time\nbegin = time.monotonic()\nfor n in range(600): sys.stdout.write(f'{n:08}' * 1250)\nsys.stdout.flush()"
        )
        request.limits.output = .mebibytes(16)
        request.limits.wall = .seconds(60)
        let seen = Mutex((bytes: [UInt8](), pieces: 0))
        let result = try await Lab.engine().run(request, id: .now()) { event in
            guard case .output(let output) = event.payload else { return }
            let pieces = seen.withLock { state in
                state.bytes += output.bytes
                state.pieces += 1
                return state.pieces
            }
            if pieces < 40 { try? await Task.sleep(for: .milliseconds(5)) }
        }
        let expected = (0..<600).flatMap { number in
            let digits = String(number)
            return Array(
                String(repeating: String(repeating: "0", count: 8 - digits.count) + digits, count: 1250).utf8)
        }
        #expect(result.verdict.status == .succeeded, result.account)
        // Compared outside of the macro, which would look for the shortest list of changes for minutes.
        let isWhole = result.stdout == expected
        let isSeenWhole = seen.withLock { $0.bytes } == expected
        #expect(isWhole && isSeenWhole)
    }

    /// The guest says how far it came: it must have stopped while nobody took its output.
    @Test func `a guest whose observer takes nothing comes no further than the buffers`() async throws {
        let code = "import os\nfor n in range(64): os.write(1, b'x' * 262144)\n"
        var request = try Lab.request(code)
        request.limits.output = .mebibytes(32)
        request.limits.wall = .milliseconds(1500)
        let pieces = Mutex(0)
        let result = try await Lab.engine().run(request, id: .now()) { event in
            guard case .output = event.payload,
                pieces.withLock({
                    $0 += 1; return $0 == 1
                })
            else { return }
            try? await Task.sleep(for: .seconds(3))
        }
        // Stopped by the buffers it is ended by the clock, and what was in them still comes.
        #expect(result.verdict.status == .timeExceeded, result.account)
        #expect(result.stdout.count >= 1 << 20 && result.stdout.count < 4 << 20, "\(result.stdout.count)")
    }

    @Test(arguments: Lab.starts)
    func `a run that is cancelled ends at once and keeps what it printed`(_ start: RunRequest.Start)
        async throws
    {
        let request = try Lab.request(
            "import time\nprint('begun', flush=True)\ntime.sleep(1000)", start: start)
        let (begun, signal) = AsyncStream<Never>.makeStream()
        let task = Task {
            try await Lab.engine().run(request, id: .now()) { event in
                if case .output = event.payload { signal.finish() }
            }
        }
        for await _ in begun {}
        task.cancel()
        let result = try await task.value
        #expect(result.verdict.status == .cancelled, result.account)
        #expect(result.verdict.limit == nil)
        #expect(result.out == "begun\n")
    }

    @Test func `a compile step is cancelled like a run`() async throws {
        let request = try Lab.request("int main(void) { return 0; }", "c")
        let task = Task { try await Lab.engine().run(request) }
        task.cancel()
        let result = try await task.value
        #expect(result.verdict.status == .cancelled, result.account)
    }

    /// An engine with one place: the second run can only wait.
    @Test func `a run that still waits for its place is cancelled without having begun`() async throws {
        let engine = try Lab.makeEngine { $0.maxima.wall = .seconds(30) }
        _ = await engine.greeting()
        let busy = try await withThrowingTaskGroup(of: RunResult.self) { group in
            let cancelled = Mutex(0)
            for _ in 0..<300 {
                group.addTask { try await engine.run(try Lab.request("import time\ntime.sleep(1000)")) }
            }
            // More than the jailer has places: when the first have begun, others wait.
            try await Task.sleep(for: .milliseconds(300))
            group.cancelAll()
            var results: [RunResult] = []
            while let result = try await group.next() {
                if result.verdict.status == .cancelled { cancelled.withLock { $0 += 1 } }
                results.append(result)
            }
            #expect(cancelled.withLock { $0 } == 300)
            return results
        }
        let waited = busy.filter { $0.usage.wall == nil || $0.usage.wall == .zero }
        #expect(waited.count >= 300 - 192, "of 300 at most 192 have a place at once")
        let next = try await engine.run(try Lab.request("print('next')"))
        #expect(next.out == "next\n", next.account)
    }
}
