internal import API
internal import JSON
internal import Storage
internal import Telemetry
internal import Testing

struct DescriptionTests {
    private let application = Application(
        runner: ScriptedRunner(), idempotency: MemoryIdempotencyStore(), languages: TestLanguages(),
        log: Log(program: "test", threshold: .error))

    private func document() async throws -> JSONObject {
        let answer = await application.respond(to: HTTPRequest(method: "GET", path: "/openapi.json"))
        #expect(answer.status == 200)
        return try #require(object(try JSONParser.parse(answer.body.bytes)))
    }

    private func object(_ value: JSONValue?) -> JSONObject? {
        if case .object(let object)? = value { object } else { nil }
    }

    @Test func `every route is described under its own name and scope, and nothing else`() async throws {
        var described: Set<String> = []
        for path in try #require(object(try await document()["paths"])).members {
            for method in try #require(object(path.value)).members {
                let told = try #require(object(method.value))
                guard case .string(let name)? = told["operationId"] else {
                    Issue.record("\(method.name) \(path.name) has no operationId")
                    continue
                }
                var scope = "-"
                if case .string(let text)? = told["x-scope"] { scope = text }
                // What needs no key says that it has no security.
                if told["security"] != .array([]), scope == "-" { scope = "any" }
                described.insert("\(method.name) \(path.name) \(name) \(scope)")
            }
        }
        let served = Application.operations.map { "\($0.method) \($0.path) \($0.name) \($0.scope ?? "-")" }
        #expect(described == Set(served))
    }

    @Test func `every reference leads somewhere`() async throws {
        let document = try await document()
        for reference in references(.object(document)) {
            var place: JSONValue? = .object(document)
            for name in reference.split(separator: "/").dropFirst() { place = object(place)?[String(name)] }
            #expect(place != nil, "\(reference)")
        }
    }

    private func references(_ value: JSONValue) -> [String] {
        switch value {
        case .object(let object):
            object.members.flatMap { member -> [String] in
                if member.name == "$ref", case .string(let text) = member.value { return [text] }
                return references(member.value)
            }
        case .array(let values): values.flatMap(references)
        default: []
        }
    }

    @Test func `every field that a run request may have is described`() async throws {
        let components = object(try await document()["components"])
        let request = object(object(components?["schemas"])?["RunRequest"])
        let described = try #require(object(request?["properties"])).members.map(\.name)
        #expect(Set(described) == Set(Application.runFields))
    }

    @Test func `the page has a policy that lets no other script in`() async throws {
        for path in ["/docs", "/docs.js"] {
            let answer = await application.respond(to: HTTPRequest(method: "GET", path: path))
            #expect(answer.status == 200)
            #expect(answer.headers["content-security-policy"]?.contains("script-src 'self'") == true)
            #expect(!answer.body.bytes.isEmpty)
        }
    }
}
