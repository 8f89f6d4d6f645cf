@testable import Commands
import Domain
import Glibc
import Testing

@Suite(.timeLimit(.minutes(1)))
struct StdinReaderTests {
    private func withPipe(_ body: (_ reading: Int32, _ writing: Int32) throws -> Void) rethrows {
        var ends: [Int32] = [-1, -1]
        _ = pipe(&ends)
        defer { close(ends[0]) }
        try body(ends[0], ends[1])
    }

    @Test func `a pipe that has ended is bytes`() {
        withPipe { reading, writing in
            _ = write(writing, "hello", 5)
            close(writing)
            #expect(StdinReader(descriptor: reading).read() == .bytes(Array("hello".utf8)))
        }
    }

    @Test func `an empty pipe that has ended is no bytes`() {
        withPipe { reading, writing in
            close(writing)
            #expect(StdinReader(descriptor: reading).read() == .bytes([]))
        }
    }

    @Test func `a pipe that stays open is a stream and what was read is kept`() {
        withPipe { reading, writing in
            defer { close(writing) }
            #expect(StdinReader(descriptor: reading).read() == .stream(descriptor: reading, prefix: []))
            _ = write(writing, "early", 5)
            let stdin = StdinReader(descriptor: reading).read()
            #expect(stdin == .stream(descriptor: reading, prefix: Array("early".utf8)))
        }
    }

    @Test func `the null device is no bytes and another device is a stream`() {
        let null = open("/dev/null", O_RDONLY)
        defer { close(null) }
        #expect(StdinReader(descriptor: null).read() == .bytes([]))
        let zero = open("/dev/zero", O_RDONLY)
        defer { close(zero) }
        #expect(StdinReader(descriptor: zero).read() == .stream(descriptor: zero))
    }

    @Test func `a terminal is a stream`() throws {
        let terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY)
        try #require(terminal >= 0)
        defer { close(terminal) }
        #expect(StdinReader(descriptor: terminal).read() == .stream(descriptor: terminal))
    }

    @Test func `a file is bytes from where it stands, a large one a stream with what was read`() throws {
        let path = "/tmp/diatom-stdin-\(getpid())"
        let file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0o600)
        defer { close(file) }
        unlink(path)
        _ = write(file, "0123456789", 10)
        lseek(file, 4, SEEK_SET)
        #expect(StdinReader(descriptor: file).read() == .bytes(Array("456789".utf8)))
        ftruncate(file, StdinReader.mostBytes + 1)
        lseek(file, 0, SEEK_SET)
        guard case .stream(_, let prefix) = StdinReader(descriptor: file).read() else {
            Issue.record("a file of more than 8 MiB came as bytes")
            return
        }
        #expect(prefix.count == StdinReader.mostBytes + 1)
    }

    @Test func `a closed descriptor is no bytes`() {
        #expect(StdinReader(descriptor: .max).read() == .bytes([]))
    }
}
