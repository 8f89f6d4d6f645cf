internal import CJail
internal import Glibc
package import Posix

/// What a session's init is asked; see `cjail_session.h`.
package struct InitRequest: Sendable {
    package var kind: UInt32
    package var number: UInt32 = 0
    package var flags: UInt32
    package var mode: UInt32
    package var value: UInt64
    /// Paths, without NULs.
    package var first: [UInt8]
    package var second: [UInt8]

    package init(
        _ kind: UInt32, value: UInt64 = 0, flags: UInt32 = 0, mode: UInt32 = 0, _ first: [UInt8] = [],
        _ second: [UInt8] = []
    ) {
        self.kind = kind
        self.flags = flags
        self.mode = mode
        self.value = value
        self.first = first
        self.second = second
    }
}

/// What it answers, or tells by itself.
package struct InitAnswer: Sendable {
    package var kind: UInt32
    package var number: UInt32
    /// An errno, or 0.
    package var error: Int32
    package var mode: UInt32
    package var value: UInt64
    package var size: UInt64
    /// Nanoseconds since 1970.
    package var modified: Int64
    package var fileKind: UInt32
    package var text: [UInt8]
    package var descriptor: SharedDescriptor?
}

/// The service's end of a session's socket: messages of a head and a bounded text, parsed as hostile.
package struct SessionSocket: ~Copyable, Sendable {
    private let descriptor: Descriptor
    package var rawValue: Int32 { descriptor.rawValue }

    package init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }

    /// Sends one request; EAGAIN where init has not read what came before.
    package func send(_ request: InitRequest, descriptors: [Int32] = []) throws(SystemFailure) {
        let longest = Int(CJAIL_REQUEST_TEXT) / 2 - 1
        guard request.first.count < longest, request.second.count < longest else {
            throw SystemFailure(operation: "send", code: ENAMETOOLONG)
        }
        let head = cjail_request(
            kind: request.kind, number: request.number, flags: request.flags, mode: request.mode,
            value: request.value, first: UInt32(request.first.count), second: UInt32(request.second.count))
        var message = withUnsafeBytes(of: head) { Array($0) }
        message += request.first + [0] + request.second + [0]
        let result = message.withUnsafeBytes {
            cjail_send_message(
                rawValue, $0.baseAddress, $0.count, descriptors, Int32(descriptors.count), Int32(MSG_DONTWAIT)
            )
        }
        if result < 0 { throw SystemFailure(operation: "send", code: -result) }
    }

    package enum Received {
        case answer(InitAnswer)
        case nothing
        case ended
    }

    package func receive() -> Received {
        var bytes = [UInt8](repeating: 0, count: MemoryLayout<cjail_answer>.size + Int(CJAIL_ANSWER_TEXT))
        var fds = [Int32](repeating: -1, count: Int(CJAIL_NOTE_FDS))
        var count = Int32(fds.count)
        let got = Int(cjail_receive_some(rawValue, &bytes, bytes.count, &fds, &count))
        let descriptors = fds[0..<max(0, Int(count))].map { SharedDescriptor(Descriptor(adopting: $0)) }
        if got == -Int(EAGAIN) { return .nothing }
        let size = MemoryLayout<cjail_answer>.size
        guard got >= size else { return .ended }
        let head = bytes.withUnsafeBytes { $0.loadUnaligned(as: cjail_answer.self) }
        guard Int(head.text) == got - size else { return .ended }
        return .answer(
            InitAnswer(
                kind: head.kind, number: head.number, error: head.error, mode: head.mode, value: head.value,
                size: head.size, modified: head.modified_ns, fileKind: head.file_kind,
                text: Array(bytes[size..<got]), descriptor: descriptors.first))
    }
}
