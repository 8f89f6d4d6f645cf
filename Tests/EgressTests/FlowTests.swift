internal import Glibc
internal import Posix
internal import Testing

@testable internal import Egress

/// One direction of a relayed connection.
struct FlowTests {
    /// However much is moved in one go, the source's end is still to be said afterwards: each message is one piece.
    @Test(arguments: 0...40)
    func `an end is passed on wherever it falls`(chunks: Int) throws {
        var source = try Pair.sockets()
        var target = try Pair.streams()
        let writer = source.takeFirst()
        let from = source.takeSecond()
        let to = target.takeFirst()
        let reader = target.takeSecond()
        var flow = Flow()
        var sent = 0, got = 0, counted = 0
        let piece = [UInt8](repeating: 7, count: 100)
        for _ in 0..<chunks { sent += write(writer.rawValue, piece, piece.count) }
        shutdown(writer.rawValue, Int32(SHUT_WR))
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        for _ in 0..<200 where !flow.isPassedOn {
            #expect(flow.wantsInput || flow.wantsOutput)
            _ = flow.pump(from: from.rawValue, to: to.rawValue) { counted += $0 }
            while case let count = recv(reader.rawValue, &buffer, buffer.count, Int32(MSG_DONTWAIT)),
                count > 0
            {
                got += count
            }
        }
        #expect(flow.isPassedOn && got == sent && counted == sent)
    }
}
