internal import API
internal import Domain
internal import Storage
internal import Synchronization
internal import Telemetry
internal import Testing

/// An answer of before is given again to who asks for that, and to nobody else.
@Suite(.timeLimit(.minutes(1)))
struct AnswerCacheTests {
    private let records = MemoryRecords()
    private let results = MemoryResults()
    private let runner = ScriptedRunner()
    private let application: Application

    init() {
        var kept = ServiceRecords()
        (kept.history, kept.results) = (records, results)
        application = Application(
            runner: runner, idempotency: MemoryIdempotencyStore(), languages: TestLanguages(),
            log: Log(program: "test", threshold: .error), records: kept)
    }

    private func post(_ code: String, _ more: String = #","cache":true"#) async -> (status: Int, text: String)
    {
        let request = HTTPRequest(
            method: "POST", path: "/v1/runs", headers: HTTPHeaders(["Content-Type": "application/json"]),
            body: Array(#"{"language":"python","code":"\#(code)"\#(more)}"#.utf8))
        let response = await application.respond(to: request)
        return (response.status, String(decoding: await response.allBytes(), as: UTF8.self))
    }

    private func id(_ text: String) -> Substring? { text.firstMatch(of: /run_\w+/)?.0 }

    @Test func `the second request is answered under an id of its own, without a run`() async throws {
        let first = await post("hello").text
        let second = await post("hello").text
        #expect(runner.runs.load(ordering: .relaxed) == 1)
        #expect(first.contains(#""cached":false"#) && second.contains(#""cached":true"#))
        #expect(second.contains(#""stdout":"hello""#) && id(first) != id(second))
        let record = try #require(records.state.withLock { $0.runs.values.first { $0.cached } })
        #expect(record.id.description == id(second).map(String.init) && record.status == .succeeded)
        #expect(record.cpu == .zero)
    }

    @Test func `who does not ask for it gets a run, and leaves none behind`() async {
        _ = await post("hello", "")
        _ = await post("hello", #","cache":false"#)
        _ = await post("hello")
        #expect(runner.runs.load(ordering: .relaxed) == 3)
        #expect(await post("hello").text.contains(#""cached":true"#))
    }

    @Test func `files of before are the new run's too`() async throws {
        _ = await post("files")
        let again = await post("files").text
        #expect(again.contains(#""cached":true"#))
        let path = "/v1/runs/\(try #require(id(again)))/files/a.txt"
        let file = await application.respond(to: HTTPRequest(method: "GET", path: path))
        #expect(file.status == 200)
        #expect(String(decoding: await file.allBytes(), as: UTF8.self) == "content")
    }

    /// Limits depend on how the machine felt.
    @Test(arguments: ["slow", "refuse"])
    func `what may come out otherwise is not kept`(_ code: String) async {
        for _ in 0..<2 { #expect(await !post(code).text.contains(#""cached":true"#)) }
        #expect(runner.runs.load(ordering: .relaxed) == 2)
    }

    @Test func `a stream of an answer of before is its end`() async {
        _ = await post("hello")
        let stream = await post("hello", #","cache":true,"stream":true"#).text
        #expect(stream.contains("event: finished") && stream.contains(#""stdout":"hello""#))
        #expect(runner.runs.load(ordering: .relaxed) == 1)
    }

    @Test func `a cache that fails, or holds what is no answer, costs a run`() async {
        results.isBroken.store(true, ordering: .relaxed)
        for _ in 0..<2 { #expect(await post("hello").status == 200) }
        results.isBroken.store(false, ordering: .relaxed)
        results.kept.withLock { $0["hello"] = Array("no answer".utf8) }
        #expect(await post("hello").text.contains(#""cached":false"#))
        #expect(runner.runs.load(ordering: .relaxed) == 3)
    }

    @Test func `what has a network is refused by the field's name`() async {
        let answer = await post("hello", #","cache":true,"network":{"allow":["example.org:443"]}"#)
        #expect(answer.status == 400 && answer.text.contains(#""field":"cache""#))
    }
}

/// Keeps answers, and fails when it is told to.
final class MemoryResults: ResultCache {
    let kept = Mutex<[String: [UInt8]]>([:])
    let isBroken = Atomic(false)

    private func check() throws(StorageFailure) {
        if isBroken.load(ordering: .relaxed) { throw StorageFailure("broken for a test") }
    }

    func find(_ address: String, now: Int64) throws(StorageFailure) -> [UInt8]? {
        try check()
        return kept.withLock { $0[address] }
    }

    func keep(_ answer: [UInt8], at address: String, for key: KeyID, now: Int64) throws(StorageFailure) {
        try check()
        kept.withLock { $0[address] = answer }
    }
}
