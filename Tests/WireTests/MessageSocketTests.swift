internal import CJail
internal import Glibc
internal import Posix
internal import Testing
internal import Wire

/// A message that a peer of another version, or a hostile one, might send.
struct BadMessage: CustomTestStringConvertible, Sendable, Codable {
    var testDescription: String
    var size: Int
    var descriptors: Int
}

@Suite(.timeLimit(.minutes(1)))
struct MessageSocketTests {
    private static let size = MemoryLayout<cjail_order>.size

    @Test func `a message arrives whole, with its descriptors, and then the end`() throws {
        var pair = try Pair.sockets()
        let ours = MessageSocket(pair.takeFirst())
        do {
            let theirs = MessageSocket(pair.takeSecond())
            var order = cjail_order()
            order.token = 42
            let pipe = try Pair.pipe()
            try theirs.send(order, descriptors: [pipe.first.rawValue, pipe.second.rawValue])
            guard case .message(let got, let fds) = try ours.receive(cjail_order.self, into: cjail_order())
            else {
                Issue.record("no message")
                return
            }
            #expect(got.token == 42)
            #expect(fds.count == 2)
            #expect(
                fcntl(fds[0], F_GETFD) & FD_CLOEXEC != 0, "descriptors of others must not reach our children")
            #expect(write(fds[1], [7], 1) == 1)
            var byte: UInt8 = 0
            #expect(read(pipe.first.rawValue, &byte, 1) == 1 && byte == 7)
            for fd in fds { close(fd) }
            guard case .nothing = try ours.receive(cjail_order.self, into: cjail_order()) else {
                Issue.record("more than was sent")
                return
            }
        }
        guard case .ended = try ours.receive(cjail_order.self, into: cjail_order()) else {
            Issue.record("the end was not seen")
            return
        }
        #expect(throws: SystemFailure(operation: "send", code: EPIPE)) { try ours.send(cjail_order()) }
    }

    @Test func `more descriptors than a message may bring are not even sent`() throws {
        let pair = try Pair.sockets()
        let null = Descriptor(adopting: open("/dev/null", O_RDONLY))
        let socket = MessageSocket(Descriptor(adopting: dup(pair.first.rawValue)))
        let fds = [Int32](repeating: null.rawValue, count: MessageSocket.mostDescriptors + 1)
        #expect(throws: SystemFailure(operation: "send", code: EINVAL)) {
            try socket.send(cjail_order(), descriptors: fds)
        }
    }

    static let bad = [
        BadMessage(testDescription: "one byte", size: 1, descriptors: 0),
        BadMessage(testDescription: "a byte short", size: size - 1, descriptors: 4),
        BadMessage(testDescription: "a byte long", size: size + 1, descriptors: 4),
        BadMessage(testDescription: "much too long", size: 60_000, descriptors: 8),
        BadMessage(testDescription: "one descriptor too many", size: size, descriptors: 9),
        BadMessage(testDescription: "as many descriptors as the kernel sends", size: size, descriptors: 253),
    ]

    /// Descriptors are counted in a process of its own: here, other tests open and close them.
    @Test(arguments: bad)
    func `a message of another form is an error and leaves no descriptor`(_ message: BadMessage) async {
        await #expect(processExitsWith: .success) { [message] in
            var pair = try Pair.sockets()
            let ours = MessageSocket(pair.takeFirst())
            let theirs = pair.takeSecond()
            let null = Descriptor(adopting: open("/dev/zero", O_RDONLY))
            let fds = [Int32](repeating: null.rawValue, count: message.descriptors)
            #expect(RawSocket.ownDescriptors(for: "/dev/zero") == 1)
            for _ in 0..<20 {
                try RawSocket.send(
                    [UInt8](repeating: 3, count: message.size), descriptors: fds, to: theirs.rawValue)
                #expect(throws: SystemFailure(operation: "receive", code: EPROTO)) {
                    _ = try ours.receive(cjail_order.self, into: cjail_order())
                }
            }
            #expect(RawSocket.ownDescriptors(for: "/dev/zero") == 1)
            // The socket still works: whether the peer is to be believed is the caller's decision.
            try RawSocket.send([UInt8](repeating: 0, count: MessageSocketTests.size), to: theirs.rawValue)
            guard case .message = try ours.receive(cjail_order.self, into: cjail_order()) else {
                Issue.record("a good message after bad ones was not taken")
                return
            }
        }
    }
}
