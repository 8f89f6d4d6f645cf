internal import Domain
internal import Synchronization
internal import Testing
internal import Workers

@Suite(.timeLimit(.minutes(1)))
struct EventChannelTests {
    private static func output(_ bytes: [UInt8]) -> StepEvent {
        .output(RunEvent.Output(stream: .stdout, bytes: bytes))
    }

    private static func bytes(_ event: StepEvent?) -> [UInt8]? {
        if case .output(let output) = event { return output.bytes }
        return nil
    }

    @Test func `events come in the order in which they were sent, and then the end`() async {
        let channel = EventChannel<StepEvent>()
        for number in UInt8(0)..<100 { _ = channel.send(Self.output([number])) }
        channel.close()
        for number in UInt8(0)..<100 { #expect(Self.bytes(await channel.next()) == [number]) }
        #expect(await channel.next() == nil)
        #expect(await channel.next() == nil)
    }

    @Test func `what is sent after the end is not delivered`() async {
        let channel = EventChannel<StepEvent>()
        channel.close()
        #expect(!channel.send(Self.output([1])))
        #expect(await channel.next() == nil)
    }

    @Test func `a consumer that waits is woken by an event, and by the end`() async {
        let channel = EventChannel<StepEvent>()
        let consumer = Task {
            var seen: [[UInt8]] = []
            while let event = await channel.next() { seen.append(Self.bytes(event) ?? []) }
            return seen
        }
        for number in UInt8(0)..<20 {
            await Task.yield()
            _ = channel.send(Self.output([number]))
        }
        await Task.yield()
        channel.close()
        #expect(await consumer.value == (UInt8(0)..<20).map { [$0] })
    }

    @Test func `the producer is paused above the bound and called once when half of it is free`() async {
        let channel = EventChannel<StepEvent>()
        let calls = Mutex(0)
        channel.onRoom { calls.withLock { $0 += 1 } }
        let quarter = [UInt8](repeating: 7, count: EventChannel<StepEvent>.mostBytes / 4)
        for _ in 0..<4 { #expect(!channel.send(Self.output(quarter)), "within the bound") }
        #expect(channel.send(Self.output([1])), "one byte above it")
        #expect(channel.send(.started), "still paused, whatever the event")

        for expected in [0, 0] {
            _ = await channel.next()
            #expect(calls.withLock { $0 } == expected)
        }
        _ = await channel.next()
        #expect(calls.withLock { $0 } == 1, "a quarter and a byte are left")
        #expect(!channel.send(Self.output([2])), "no longer paused")
        for _ in 0..<4 { _ = await channel.next() }
        #expect(calls.withLock { $0 } == 1)
    }

    @Test func `a producer that obeys loses nothing and stays within the bound by one piece`() async {
        let channel = EventChannel<StepEvent>()
        let (room, gate) = AsyncStream<Void>.makeStream()
        let (paused, firstPause) = AsyncStream<Never>.makeStream()
        channel.onRoom { gate.yield() }
        let piece = [UInt8](repeating: 1, count: 60_000)
        let mostUnderWay = Mutex((now: 0, most: 0))
        let producer = Task {
            var waits = room.makeAsyncIterator()
            for _ in 0..<300 {
                mostUnderWay.withLock { state in
                    state.now += piece.count
                    state.most = max(state.most, state.now)
                }
                guard channel.send(Self.output(piece)) else { continue }
                firstPause.finish()
                _ = await waits.next()
            }
            channel.close()
        }
        for await _ in paused {}
        var total = 0
        while let event = await channel.next() {
            total += Self.bytes(event)?.count ?? 0
            mostUnderWay.withLock { $0.now -= Self.bytes(event)?.count ?? 0 }
        }
        await producer.value
        #expect(total == 300 * piece.count)
        let most = mostUnderWay.withLock { $0.most }
        #expect(most <= EventChannel<StepEvent>.mostBytes + 2 * piece.count)
        #expect(most > EventChannel<StepEvent>.mostBytes)
    }
}
