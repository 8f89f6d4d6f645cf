internal import API
internal import Domain
internal import JSON
internal import Storage
internal import Synchronization
internal import Telemetry
internal import Testing

/// Keeps what it is told to; `nosuch` cannot be had, `slow` is being made until it is asked for twice.
final class DoubleKeeper: EnvironmentKeeper {
    static let hash = String(repeating: "a", count: 32)
    static let build = String(repeating: "b", count: 32)

    let wishes = Mutex<[EnvironmentWish]>([])
    let bounds = Mutex<[ByteCount?]>([])
    private let asked = Atomic(0)

    static let record = EnvironmentRecord(
        hash: hash, python: "cpython 3.11.2", platform: "linux-x86_64",
        libraries: [.init(name: "numpy", version: "2.0")], modules: ["numpy"], files: 3,
        size: .mebibytes(1), created: 1_700_000_000_000_000_000, used: 1_700_000_000_000_000_000)

    func list() async throws(RequestError) -> (kept: [EnvironmentRecord], underWay: [EnvironmentBuild]) {
        ([Self.record], [EnvironmentBuild(id: Self.build, libraries: ["slow"], progress: "resolving")])
    }

    func find(_ id: String) async throws(RequestError) -> EnvironmentState? {
        switch id {
        case Self.hash: return .ready(Self.record)
        case Self.build:
            asked.add(1, ordering: .relaxed)
            guard asked.load(ordering: .relaxed) > 1 else {
                return .building(EnvironmentBuild(id: id, libraries: ["slow"], progress: "resolving"))
            }
            return .failed(RequestError(.environmentFailed, "libraries: slow was not found"))
        default: return nil
        }
    }

    func make(
        _ wish: EnvironmentWish, progress: @escaping @Sendable (String) -> Void
    ) async throws(RequestError) -> EnvironmentRecord {
        wishes.withLock { $0.append(wish) }
        if wish.libraries.first?.name == "nosuch" {
            throw RequestError(.environmentFailed, "libraries: nosuch was not found", field: "libraries")
        }
        return Self.record
    }

    func begin(_ wish: EnvironmentWish) async throws(RequestError) -> EnvironmentState {
        wishes.withLock { $0.append(wish) }
        return wish.libraries.first?.name == "slow"
            ? .building(EnvironmentBuild(id: Self.build, libraries: ["slow"], progress: "waiting"))
            : .ready(Self.record)
    }

    func remove(_ hash: String) async throws(RequestError) -> EnvironmentRemoval {
        switch hash {
        case Self.hash: .removed
        case Self.build: .inUse
        default: .absent
        }
    }

    func verify(_ hash: String) async throws(RequestError) -> EnvironmentCondition? { .damaged("x is cut") }

    func collect(to bound: ByteCount?) async throws(RequestError) -> EnvironmentSweep {
        bounds.withLock { $0.append(bound) }
        return EnvironmentSweep(removed: [Self.hash], freed: .mebibytes(1))
    }
}

@Suite(.timeLimit(.minutes(1)))
struct EnvironmentTests {
    private struct KeepingRunner: Runner {
        let keeper: DoubleKeeper?
        var environments: (any EnvironmentKeeper)? { keeper }

        func run(
            _ request: RunRequest, id: RunID, observer: RunObserver?
        ) async throws(RequestError) -> RunResult {
            throw RequestError(.unsupported, "not here")
        }
    }

    private let keeper = DoubleKeeper()
    private let application: Application

    init() { application = Self.application(keeper) }

    private static func application(_ keeper: DoubleKeeper?) -> Application {
        Application(
            runner: KeepingRunner(keeper: keeper), idempotency: MemoryIdempotencyStore(),
            languages: TestLanguages(),
            log: Log(program: "test", threshold: .error))
    }

    private func ask(
        _ method: String, _ path: String, query: [(String, String)] = [], body: String? = nil
    ) async -> (status: Int, text: String) {
        let response = await application.respond(
            to: HTTPRequest(
                method: method, path: "/v1/environments" + path,
                query: query.map { .init(name: $0.0, value: $0.1) },
                headers: HTTPHeaders(body == nil ? [:] : ["Content-Type": "application/json"]),
                body: Array((body ?? "").utf8)))
        return (response.status, String(decoding: response.body.bytes, as: UTF8.self))
    }

    @Test func `what there is and what is being made is listed`() async {
        let (status, text) = await ask("GET", "")
        #expect(status == 200)
        #expect(text.hasPrefix(#"{"environments":[{"id":"bbbb"#))
        #expect(text.contains(#""state":"building","libraries":["slow"],"progress":"resolving"}"#))
        #expect(
            text.contains(
                #""state":"ready","python":"cpython 3.11.2","platform":"linux-x86_64","libraries":["numpy==2.0"]"#
            ))
        #expect(text.contains(#""size_bytes":1048576,"created_at":"2023-11-14T22:13:20.000Z""#))
    }

    @Test func `an environment is made, and what it is to have arrives`() async throws {
        let body = #"{"language":"python","libraries":["Numpy>=2","pandas"],"build":true}"#
        #expect(await ask("POST", "", body: body).status == 200)
        let wish = try #require(keeper.wishes.withLock { $0.first })
        #expect(
            wish.libraries.map(\.description) == ["numpy>=2", "pandas"] && wish.builds
                && wish.language == "python")
        let refused = await ask("POST", "", body: #"{"libraries":["nosuch"]}"#)
        #expect(refused.status == 422)
        #expect(refused.text.contains("environment_failed"))
    }

    @Test func `a build that nobody waits for is followed by its id to its end`() async {
        let begun = await ask("POST", "", query: [("wait", "false")], body: #"{"libraries":["slow"]}"#)
        #expect(begun.status == 202)
        #expect(begun.text.contains(DoubleKeeper.build))
        #expect(await ask("GET", "/\(DoubleKeeper.build)").text.contains("building"))
        #expect(await ask("GET", "/\(DoubleKeeper.build)").status == 422)
        let there = await ask("POST", "", query: [("wait", "false")], body: #"{"libraries":["numpy"]}"#)
        #expect(there.status == 200)
    }

    @Test func `reading every byte tells what is damaged`() async {
        let (status, text) = await ask("GET", "/\(DoubleKeeper.hash)", query: [("verify", "true")])
        #expect(status == 200)
        #expect(text.contains(#""state":"damaged","damage":"x is cut","verified":false"#))
    }

    @Test func `one is removed, unless it is in use, and all beyond a bound`() async {
        #expect(await ask("DELETE", "/\(DoubleKeeper.hash)").status == 200)
        #expect(await ask("DELETE", "/\(DoubleKeeper.build)").status == 409)
        #expect(await ask("DELETE", "/" + String(repeating: "c", count: 32)).status == 404)
        let (status, text) = await ask("DELETE", "", query: [("most_mb", "5")])
        #expect(status == 200 && text == #"{"removed":["\#(DoubleKeeper.hash)"],"freed_bytes":1048576}"#)
        #expect(await ask("DELETE", "").status == 200)
        #expect(keeper.bounds.withLock { $0 } == [.mebibytes(5), nil])
    }

    @Test(
        arguments: [
            ("POST", "", #"{"libraries":[]}"#, 400, "libraries"), ("POST", "", #"{}"#, 400, "libraries"),
            ("POST", "", #"{"libraries":["--index-url=x"]}"#, 400, "is an option"),
            ("POST", "", #"{"libraries":["numpy"],"x":1}"#, 400, "x"),
            ("POST", "", #"{"libraries":["numpy"],"build":1}"#, 400, "build"), ("POST", "", "[", 400, "JSON"),
            ("GET", "/..", nil, 404, ""), ("GET", "/" + String(repeating: "A", count: 32), nil, 404, ""),
            ("GET", "/" + String(repeating: "c", count: 32), nil, 404, "none of this id"),
            ("PUT", "", nil, 405, ""),
            ("POST", "/" + String(repeating: "a", count: 32), nil, 405, ""),
        ] as [(String, String, String?, Int, String)])
    func `what is wrong is said`(
        _ method: String, _ path: String, _ body: String?, _ status: Int, _ words: String
    ) async {
        let answer = await ask(method, path, body: body)
        #expect(answer.status == status, "\(answer.text)")
        #expect(words.isEmpty || answer.text.contains(words), "\(answer.text)")
    }

    @Test func `parameters are read strictly, and 201 libraries are too many`() async {
        #expect(await ask("GET", "", query: [("x", "1")]).status == 400)
        #expect(await ask("GET", "/\(DoubleKeeper.hash)", query: [("verify", "1")]).status == 400)
        #expect(await ask("DELETE", "", query: [("most_mb", "-1")]).status == 400)
        let many = (0..<201).map { #""x\#($0)""# }.joined(separator: ",")
        #expect(await ask("POST", "", body: #"{"libraries":[\#(many)]}"#).status == 400)
    }

    @Test func `a service that keeps none says so`() async {
        let response = await Self.application(nil).respond(
            to: HTTPRequest(method: "GET", path: "/v1/environments"))
        #expect(response.status == 422)
    }
}
