internal import Glibc
internal import Posix
internal import Testing

struct BlockingThreadTests {
    @Test func `work runs on the thread, one at a time, and its errors come back`() async throws {
        let thread = try BlockingThread()
        defer { thread.stop() }
        let first = await thread.perform { pthread_self() }
        let second = await thread.perform { pthread_self() }
        #expect(first == second)
        #expect(first != Self.here())
        await #expect(throws: SystemFailure(operation: "x", code: 1)) {
            try await thread.perform { () throws(SystemFailure) in
                throw SystemFailure(operation: "x", code: 1)
            }
        }
    }

    private static func here() -> pthread_t { pthread_self() }

    @Test func `a blocked thread blocks nobody else`() async throws {
        let thread = try BlockingThread()
        defer { thread.stop() }
        async let slow = thread.perform { usleep(50_000) }
        let tasks = await withTaskGroup(of: Int.self) { group in
            for number in 0..<100 { group.addTask { number } }
            return await group.reduce(0, +)
        }
        #expect(tasks == 4950)
        _ = await slow
    }
}
