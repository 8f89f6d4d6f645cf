@testable internal import API
internal import Domain
internal import Storage
internal import Synchronization
internal import Telemetry
internal import Testing

@Suite(.timeLimit(.minutes(1)))
struct EventFeedTests {
    private func numbers(_ next: EventFeed.Next) -> [Int] {
        guard case .events(let events, _) = next else { return [] }
        return events.map(\.number)
    }

    @Test func `readers get what was, what comes, and the end`() async {
        let feed = EventFeed(isPaced: false)
        await feed.send("stdout", Array("{}".utf8))
        let reader = feed.enter()
        #expect(numbers(await feed.next(after: 0, reader: reader)) == [1])
        async let later = feed.next(after: 1, reader: reader)
        await Task.yield()
        await feed.send("stdout", Array("{}".utf8))
        #expect(numbers(await later) == [2])
        feed.end("finished", Array("{}".utf8))
        #expect(numbers(await feed.next(after: 2, reader: reader)) == [3])
        guard case .ended = await feed.next(after: 3, reader: reader) else {
            Issue.record("the feed had ended")
            return
        }
    }

    @Test func `who comes late is told how much was missed`() async {
        let feed = EventFeed(isPaced: false)
        for _ in 0..<40 { await feed.send("stdout", [UInt8](repeating: 0x20, count: 64 << 10)) }
        let reader = feed.enter()
        guard case .events(let events, let missed) = await feed.next(after: 0, reader: reader) else {
            Issue.record("there are events")
            return
        }
        #expect(missed > 0 && events.first?.number == missed + 1)
        #expect(feed.bytes <= 1 << 20)
    }

    @Test func `the reader that paces misses nothing, and the run waits for it`() async {
        let feed = EventFeed(isPaced: true)
        let sent = Atomic(0)
        let piece = [UInt8](repeating: 0x20, count: 64 << 10)
        let run = Task {
            for _ in 0..<40 {
                await feed.send("stdout", piece)
                sent.add(1, ordering: .relaxed)
            }
            feed.end("finished", Array("{}".utf8))
        }
        let body = EventStreamBody(feed, format: .lines, paces: true)
        while sent.load(ordering: .relaxed) < 4 { await Task.yield() }
        for _ in 0..<1_000 { await Task.yield() }
        #expect(sent.load(ordering: .relaxed) <= 5)
        var bytes = 0
        while let piece = await body.next() { bytes += piece.count }
        await run.value
        #expect(bytes > 40 * (64 << 10))
    }

    @Test func `a paced run goes on when its reader leaves or it is cancelled`() async {
        for leaves in [true, false] {
            let feed = EventFeed(isPaced: true)
            let body = EventStreamBody(feed, format: .lines, paces: true)
            let run = Task { await feed.send("stdout", [UInt8](repeating: 0x20, count: 1 << 20)) }
            await Task.yield()
            if leaves { body.cancel() } else { run.cancel() }
            await run.value
        }
    }

    @Test func `cancelling a body ends its waiting, and tells once`() async {
        let told = Atomic(0)
        let feed = EventFeed(isPaced: false)
        let body = EventStreamBody(feed, format: .serverSent) { told.add(1, ordering: .relaxed) }
        async let next = body.next()
        for _ in 0..<100 { await Task.yield() }
        body.cancel()
        body.cancel()
        #expect(await next == nil)
        #expect(told.load(ordering: .relaxed) == 1)
    }

    @Test func `a beat reaches those who wait`() async {
        let feed = EventFeed(isPaced: false)
        let body = EventStreamBody(feed, format: .serverSent)
        async let next = body.next()
        for _ in 0..<100 { await Task.yield() }
        feed.beat()
        #expect(await next == Array(":\n\n".utf8))
    }

    @Test(arguments: [
        ("", 0), ("a", 0), ("é", 0), ("\u{1F600}", 0),
    ])
    func `whole text has no tail`(_ text: String, _ length: Int) {
        #expect(UTF8Tail.length(of: Array(text.utf8)) == length)
        for cut in 0..<text.utf8.count where text.unicodeScalars.count == 1 {
            #expect(UTF8Tail.length(of: Array(text.utf8.prefix(cut))) == cut)
        }
    }

    @Test func `events come in both formats, with text kept whole`() async throws {
        let application = Application(
            runner: ScriptedRunner(), idempotency: MemoryIdempotencyStore(), languages: TestLanguages(),
            log: Log(program: "test", threshold: .error))
        for (accept, isLines) in [("text/event-stream", false), ("application/x-ndjson", true)] {
            let request = HTTPRequest(
                method: "POST", path: "/v1/runs",
                headers: HTTPHeaders(["Content-Type": "application/json", "Accept": accept]),
                body: Array(#"{"language":"python","code":"pieces","stream":true}"#.utf8))
            let response = await application.respond(to: request)
            #expect(response.headers["content-type"] == accept)
            let text = String(decoding: await response.allBytes(), as: UTF8.self)
            let events =
                isLines
                ? text.split(separator: "\n").map(String.init)
                : text.split(separator: "\n\n").map(String.init)
            #expect(events.count == 4)
            #expect(events[0].contains(#""text":"a""#))
            #expect(events[1].contains(#""text":"\#u{1F600}""#))
            #expect(events[2].contains(#""base64":"/wo=""#))
            #expect(events[3].contains("finished") && !events[3].contains(#""stdout":""#))
        }
    }

    @Test func `a run that nobody waits for can be followed, before its end and after`() async throws {
        let application = Application(
            runner: ScriptedRunner(), idempotency: MemoryIdempotencyStore(), languages: TestLanguages(),
            log: Log(program: "test", threshold: .error))
        var request = HTTPRequest(
            method: "POST", path: "/v1/runs", query: [.init(name: "wait", value: "false")],
            headers: HTTPHeaders(["Content-Type": "application/json"]),
            body: Array(#"{"language":"python","code":"pieces"}"#.utf8))
        let queued = await application.respond(to: request)
        let id = try #require(Application.runID(in: queued))
        for (from, count) in [(1, 4), (3, 2), (9, 0)] {
            request = HTTPRequest(
                method: "GET", path: "/v1/runs/\(id)/events", query: [.init(name: "from", value: "\(from)")])
            let text = String(decoding: await application.respond(to: request).allBytes(), as: UTF8.self)
            #expect(text.split(separator: "\n\n").count { $0.contains("event: ") } == count)
        }
    }
}
