internal import Domain
internal import Engine
internal import Glibc
internal import Testing

extension Trait where Self == ConditionTrait {
    /// Node and the add-on that lets it be forked.
    static var needsNode: Self {
        .enabled("Node is not installed (make node, then make test)") {
            try await Lab.warmStart("javascript") == .forked
        }
    }
}

@Suite(.needsSandboxes, .needsNode, .timeLimit(.minutes(2)))
struct NodeTests {
    /// Expressions that a fork would repeat if nobody took care.
    static let random = [
        "Math.random()", "crypto.randomUUID()", "require('crypto').randomBytes(16).toString('hex')",
        "require('crypto').randomInt(2 ** 47)", "crypto.getRandomValues(new Uint32Array(4)).join()",
        "require('crypto').randomUUID()", "require('vm').runInNewContext('Math.random()')",
        "require('fs').mkdtempSync('/tmp/x')",
        "require('crypto').createECDH('prime256v1').generateKeys('hex')",
        "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12].sort(() => Math.random() - 0.5).join() + Math.random()",
    ]

    @Test(arguments: random)
    func `what is random differs between warm runs`(_ expression: String) async throws {
        var seen: Set<String> = []
        for _ in 0..<6 {
            let result = try await Lab.run("console.log(\(expression))", "javascript")
            #expect(result.verdict.status == .succeeded, result.account)
            #expect(result.receipt?.start == .forked)
            seen.insert(result.out)
        }
        #expect(seen.count == 6, "\(seen)")
    }

    @Test func `workers draw other numbers than their program and its siblings`() async throws {
        let code = """
            const { Worker } = require('worker_threads');
            console.log(Math.random());
            new Worker('require("worker_threads").parentPort.postMessage(Math.random())', { eval: true })
              .on('message', console.log);
            """
        var seen: Set<Substring> = []
        for _ in 0..<4 {
            seen.formUnion(try await Lab.run(code, "javascript").out.split(separator: "\n"))
        }
        #expect(seen.count == 8, "\(seen)")
    }

    @Test(arguments: Lab.starts)
    func `a hundred megabytes go through the pipe whole`(_ start: RunRequest.Start) async throws {
        let code = """
            const part = 'x'.repeat(1023) + '\\n';
            for (let i = 0; i < 100; i++) process.stdout.write(part.repeat(1024));
            """
        let engine = try Lab.makeEngine { $0.maxima.output = .mebibytes(128) }
        var request = try Lab.request(code, "javascript", start: start)
        request.limits.output = .mebibytes(128)
        let result = try await engine.run(request)
        #expect(result.verdict.status == .succeeded)
        #expect(result.stdout.count == 100 << 20)
    }

    @Test func `what an interpreter reads when it starts makes the run a fresh one`() async throws {
        let result = try await Lab.run("console.log(process.execArgv.length)", "javascript") {
            $0.env = [EnvironmentVariable(name: "NODE_OPTIONS", value: "--no-warnings")]
        }
        #expect(result.verdict.status == .succeeded, result.account)
        #expect(result.receipt?.start == .exec)
    }

    @Test(arguments: Lab.starts)
    func `an error has its name, message, place and frames`(_ start: RunRequest.Start) async throws {
        let code = "function one(x) {\n  return x.y.z;\n}\n\none({});\n"
        let error = try #require(try await Lab.run(code, "javascript", start: start).error)
        #expect(error.name == "TypeError")
        #expect(error.message.hasPrefix("Cannot read properties of undefined"))
        #expect(
            [error.file, error.line.map(String.init), error.column.map(String.init)] == [
                "main.js", "2", "14",
            ])
        #expect(error.frames.map(\.function) == ["one", "Object.<anonymous>"])
    }
}
