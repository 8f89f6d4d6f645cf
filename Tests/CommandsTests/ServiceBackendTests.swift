@testable import Commands
import Domain
import FoundationEssentials
import Glibc
import Testing

/// A service is a socket here that answers with fixed bytes, whatever it is sent.
@Suite(.timeLimit(.minutes(1)))
struct ServiceBackendTests {
    private static let result =
        #"{"status": "failed", "exit_code": 7, "language": "python", "stdout": "", "stderr": ""}"#

    private func http(_ status: String, _ body: String) -> String {
        "HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    /// Runs `diatom run` against a service that gives this answer; the exit code of the command.
    private func exitCode(answer: String, words: [String] = ["run", "-l", "py", "-"]) throws -> Int32 {
        // Whether the tests were started from a terminal must not matter.
        let null = open("/dev/null", O_RDONLY)
        dup2(null, 0)
        close(null)
        var template = Array("/tmp/diatom-service-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let data = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { try? FileManager.default.removeItem(atPath: data) }
        let service = OneAnswer(path: data + "/diatom.sock", answer: Array(answer.utf8))
        defer { service.stop() }
        return Commands.main(
            arguments: words, environment: ["DIATOM_DATA": data],
            makeRunner: { (_) throws(RequestError) in throw RequestError(.isolationUnavailable, "alone") })
    }

    @Test func `the program's exit code comes through the service`() throws {
        #expect(try exitCode(answer: http("200 OK", Self.result)) == 7)
    }

    @Test func `a request that the service refuses is wrong usage`() throws {
        let error = #"{"error": {"code": "limit_too_high", "message": "limits.memory_mb: too high"}}"#
        #expect(try exitCode(answer: http("422 Unprocessable", error)) == 2)
        let busy = #"{"error": {"code": "busy", "message": "the queue is full"}}"#
        #expect(try exitCode(answer: http("429 Too Many Requests", busy)) == 125)
    }

    @Test(arguments: [
        "", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{", "garbage",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "HTTP/1.1 500 Odd\r\nContent-Length: 0\r\n\r\n",
    ])
    func `an answer that breaks off or makes no sense is the engine's failure, and nothing runs twice`(
        _ answer: String
    ) throws {
        #expect(try exitCode(answer: answer) == 125)
    }

    @Test func `where nobody listens the command works alone`() throws {
        #expect(try ServiceBackend(.socket("/nonexistent/diatom.sock"), idempotencyKey: nil) == nil)
        let tooLong = ServicePlace.socket("/" + String(repeating: "x", count: 200))
        #expect(try ServiceBackend(tooLong, idempotencyKey: nil) == nil)
    }
}
