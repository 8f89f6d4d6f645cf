@testable import Commands
import Testing

struct HTTPResponseParserTests {
    private func parse(_ text: String, mostBody: Int = 100, step: Int = 1_000) throws
        -> HTTPResponseParser.Response
    {
        var parser = HTTPResponseParser(mostBody: mostBody)
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            if let response = try parser.take(rest.prefix(step)) { return response }
            rest = rest.dropFirst(step)
        }
        return try parser.end()
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, "hi"),
        ("HTTP/1.1 200 OK\r\ncontent-length:0\r\n\r\n", 200, ""),
        ("HTTP/1.1 404\r\nContent-Length: 1\r\n\r\nxtrailing", 404, "x"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: x\r\n\r\n",
            200, "abc0123456789"
        ),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 1\r\n\r\ny", 201, "y"),
        ("HTTP/1.0 200 OK\r\n\r\nuntil the end", 200, "until the end"),
        ("HTTP/1.1 204 No Content\r\n\r\n", 204, ""),
    ])
    func `a whole response is read, in one piece or byte by byte`(
        _ text: String, _ status: Int, _ body: String
    ) throws {
        for step in [1, 2, 7, 1_000] {
            let response = try parse(text, step: step)
            #expect(response == .init(status: status, body: Array(body.utf8)))
        }
    }

    @Test(
        arguments: [
            ("", .cutOff), ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", .cutOff),
            ("HTTP/1.1 200 OK\r\nContent-Le", .cutOff), ("SSH-2.0-OpenSSH\r\n", .notHTTP),
            ("HTTP/1.1 abc\r\n\r\n", .notHTTP), ("HTTP/1.1 999 X\r\n\r\n", .notHTTP),
            ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", .badHeader),
            ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", .badHeader),
            ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", .badHeader),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", .badHeader),
            ("HTTP/1.1 200 OK\r\nno colon\r\n\r\n", .badHeader),
            ("HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n", .bodyTooLarge),
            ("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", .badHeader),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n", .bodyTooLarge),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFF\r\n", .badChunk),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", .badChunk),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", .badChunk),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n", .cutOff),
            ("HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "x", count: 101), .bodyTooLarge),
            ("HTTP/1.1 200 OK\r\nX: " + String(repeating: "x", count: 70_000), .headTooLarge),
        ] as [(String, HTTPResponseParser.Malformed)])
    func `a response that is cut off, oversized or odd is an error`(
        _ text: String, _ error: HTTPResponseParser.Malformed
    ) {
        #expect(throws: error) { try parse(text) }
        #expect(throws: error) { try parse(text, step: 3) }
    }
}
