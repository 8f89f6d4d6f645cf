internal import Glibc
internal import Posix
internal import Testing

@testable internal import Egress

/// One direction of a relayed connection.
struct FlowTests {
    /// However much is moved in one go, the source's end is still to be said afterwards.
    @Test(arguments: 0...40)
    func `an end is passed on wherever it falls`(chunks: Int) throws {
        var source = try Pair.streams()
        var target = try Pair.streams()
        let (writer, from) = (source.takeFirst(), source.takeSecond())
        let (to, reader) = (target.takeFirst(), target.takeSecond())
        var flow = Flow()
        var sent = 0, got = 0, counted = 0
        let piece = [UInt8](repeating: 7, count: 16 << 10)
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
