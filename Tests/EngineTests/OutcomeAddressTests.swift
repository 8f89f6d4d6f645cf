internal import Domain
internal import Engine
internal import Testing

/// Everything that a program could notice makes another address, and nothing else does.
@Suite(.needsSandboxes, .timeLimit(.minutes(1)))
struct OutcomeAddressTests {
    struct Change: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var apply: @Sendable (inout RunRequest) -> Void

        init(_ what: String, _ apply: @escaping @Sendable (inout RunRequest) -> Void) {
            testDescription = what
            self.apply = apply
        }
    }

    static let seen = [
        Change("code") { $0.files[0].content += [0x0a] },
        Change("executable") { $0.files[0].executable = true },
        Change("stdin") { $0.stdin = .bytes([1]) },
        Change("argument") { $0.args = [[1]] },
        Change("empty argument") { $0.args = [[]] },
        Change("variable") { $0.env = [EnvironmentVariable(name: "A", value: "B")] },
        Change("memory") { $0.limits.memory = .mebibytes(100) },
        Change("compile limits") { $0.compileLimits.wall = .seconds(3) },
        Change("collect") { $0.collect = ["*"] },
        Change("start") { $0.start = .fresh },
        Change("rich") { $0.rich = true },
        Change("profile") { $0.profile = true },
        Change("seed") { $0.seed = 0 },
        Change("tests") { $0.tests = [TestCase(stdin: [1])] },
        Change("test without input") { $0.tests = [TestCase()] },
        Change("key") { $0.key = KeyID("another") },
    ]

    @Test func `each change makes an address of its own`() async throws {
        let engine = try Lab.engine()
        let plain = try Lab.request("print(1)")
        var addresses: Set<String> = [try #require(await engine.outcomeAddress(of: plain))]
        for change in Self.seen {
            var request = plain
            change.apply(&request)
            let address = try #require(await engine.outcomeAddress(of: request))
            #expect(addresses.insert(address).inserted, "\(change.testDescription)")
        }
    }

    @Test(arguments: [
        Change("nothing") { _ in }, Change("priority") { $0.priority = 9 },
        Change("deadline") { $0.deadline = .seconds(1) },
    ])
    func `when it runs is no matter`(_ change: Change) async throws {
        let plain = try Lab.request("print(1)")
        var request = plain
        change.apply(&request)
        let engine = try Lab.engine()
        let address = await engine.outcomeAddress(of: request)
        #expect(await address == engine.outcomeAddress(of: plain) && address != nil)
    }

    @Test(arguments: [
        Change("network") { $0.network = NetworkPolicy(allow: [try! .init(parsing: "example.org:443")]) },
        Change("input to come") { $0.stdin = .stream(descriptor: 0) },
        Change("unknown language") { $0.language = "klingon" },
        Change("too much") { $0.limits.memory = .mebibytes(1 << 30) },
        Change("libraries never made") { $0.libraries = [try! Requirement(parsing: "never-made-before")] },
    ])
    func `what cannot be told before has none`(_ change: Change) async throws {
        var request = try Lab.request("print(1)")
        change.apply(&request)
        let engine = try Lab.engine()
        #expect(await engine.outcomeAddress(of: request) == nil)
    }
}
