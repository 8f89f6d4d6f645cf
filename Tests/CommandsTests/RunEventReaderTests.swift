@testable import Commands
import Domain
import Synchronization
import Testing

/// Events become output at once, and a result at the end, however the connection cuts them.
struct RunEventReaderTests {
    private static let finished =
        #"{"event":"finished","number":9,"status":"failed","exit_code":3,"language":"python","usage":{"wall_ms":5}}"#

    private final class Sheet: Sendable {
        let printed = Mutex<[Int32: [UInt8]]>([:])
        func text(_ descriptor: Int32) -> String {
            String(decoding: printed.withLock { $0[descriptor] ?? [] }, as: UTF8.self)
        }
    }

    private func read(_ lines: [String], pieces: Int = 1_000) throws -> (RunResult, Sheet) {
        let sheet = Sheet()
        var reader = RunEventReader { bytes, descriptor in
            sheet.printed.withLock { $0[descriptor, default: []] += bytes }
            return true
        }
        let bytes = Array(lines.joined(separator: "\n").utf8)
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            try reader.take(Array(bytes[start..<min(start + pieces, bytes.count)]))
        }
        return (try reader.end(), sheet)
    }

    @Test(arguments: [1, 7, 1_000])
    func `output is written where it belongs, and the rest is the result`(_ pieces: Int) throws {
        let (result, sheet) = try read(
            [
                #"{"event":"started","number":1,"id":"run_x"}"#, "",
                #"{"event":"stdout","number":2,"text":"a"}"#, #"{"event":"stderr","number":3,"text":"b"}"#,
                #"{"event":"stdout","number":4,"text":{"base64":"/wo="}}"#,
                #"{"event":"file","number":5,"path":"out.txt","content":"hello"}"#,
                #"{"event":"files_left_out","number":6,"count":2,"reason":"size"}"#,
                #"{"event":"result","number":7,"text/plain":"42"}"#,
                #"{"event":"test","number":8,"status":"succeeded","exit_code":0,"stdout":"1"}"#,
                Self.finished,
            ], pieces: pieces)
        #expect(sheet.printed.withLock { $0[1] } == [0x61, 0xff, 0x0a] && sheet.text(2) == "b")
        #expect(result.verdict.status == .failed && result.verdict.exitCode == 3)
        #expect(result.files.map(\.content) == [Array("hello".utf8)])
        #expect(result.filesLeftOut == 2 && result.filesLeftOutReason == "size")
        #expect(result.results.flatMap(\.forms).map(\.type) == ["text/plain"])
        #expect(result.runs.map(\.stdout) == [Array("1".utf8)])
    }

    @Test func `an answer that has it all at the end is printed then`() throws {
        let (_, sheet) = try read([
            #"{"event":"finished","number":1,"status":"succeeded","language":"python","stdout":"x","cached":true}"#
        ])
        #expect(sheet.text(1) == "x")
        let (_, whole) = try read([#"{"status":"succeeded","language":"python","stderr":"y"}"#])
        #expect(whole.text(2) == "y")
    }

    @Test func `a refusal within the stream is one`() {
        #expect(throws: RunBackend.Failure.self) {
            try read([#"{"event":"error","number":1,"error":{"code":"busy","message":"full"}}"#])
        }
    }

    @Test(arguments: [
        [], ["garbage"], ["[]"], [#"{"event":"stdout","number":1,"text":"a"}"#],
        [#"{"event":"finished","number":1}"#],
    ])
    func `what breaks off or makes no sense is no result`(_ lines: [String]) {
        #expect(throws: RunBackend.Failure.self) { try read(lines) }
    }

    @Test func `nobody who reads ends it`() throws {
        var reader = RunEventReader { _, _ in false }
        #expect(throws: RunBackend.Failure.self) {
            try reader.take(Array((#"{"event":"stdout","text":"a"}"# + "\n").utf8))
        }
    }
}
