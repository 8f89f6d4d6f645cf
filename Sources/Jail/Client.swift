internal import CJail
internal import Posix
internal import Wire

/// A connected client and its lease: what it ordered dies with its connection.
final class Client {
    let socket: MessageSocket

    init(_ socket: consuming MessageSocket) { self.socket = socket }
}
