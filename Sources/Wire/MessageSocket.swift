internal import CJail
internal import Glibc
package import Posix

/// One end of a socket that carries messages of one fixed size, with descriptors beside them.
///
/// Nothing longer is ever read: a message of another size is a broken peer.
package struct MessageSocket: ~Copyable, Sendable {
    package static let mostDescriptors = Int(CJAIL_NOTE_FDS)

    package enum Received<Message: BitwiseCopyable> {
        case message(Message, descriptors: [Int32])
        case nothing
        case ended
    }

    private let descriptor: Descriptor
    package var rawValue: Int32 { descriptor.rawValue }

    package init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }

    /// Sends one message; never raises SIGPIPE.
    ///
    /// `descriptors`: Stay open; the receiver gets copies.
    /// `waiting`: Whether to wait for a peer that has not read what came before; else that is EAGAIN.
    package func send<Message: BitwiseCopyable>(
        _ message: Message, descriptors: [Int32] = [], waiting: Bool = true
    ) throws(SystemFailure) {
        let result = withUnsafeBytes(of: message) { bytes in
            cjail_send_message(
                rawValue, bytes.baseAddress, bytes.count, descriptors, Int32(descriptors.count),
                waiting ? 0 : Int32(MSG_DONTWAIT))
        }
        if result < 0 { throw SystemFailure(operation: "send", code: -result) }
    }

    /// Takes one message, if there is one.
    ///
    /// - Returns: `nothing` if none waits; the descriptors belong to the caller.
    package func receive<Message: BitwiseCopyable>(
        _ type: Message.Type, into empty: Message, waiting: Bool = false
    ) throws(SystemFailure) -> Received<Message> {
        var message = empty
        var count = Int32(Self.mostDescriptors)
        let flags = waiting ? 0 : Int32(MSG_DONTWAIT)
        var fds = [Int32](repeating: -1, count: Self.mostDescriptors)
        let result = withUnsafeMutableBytes(of: &message) { bytes in
            cjail_receive_message(rawValue, bytes.baseAddress, bytes.count, &fds, &count, flags)
        }
        switch result {
        case 1: return .message(message, descriptors: Array(fds[0..<Int(count)]))
        case 0: return .ended
        case -Int32(EAGAIN): return .nothing
        case -Int32(ECONNRESET): return .ended
        default: throw SystemFailure(operation: "receive", code: -result)
        }
    }
}
