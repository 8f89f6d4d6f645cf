internal import CJail
internal import Posix
internal import Wire

/// A connected client and its lease: what it ordered dies with its connection.
final class Client {
    /// Reports that one client may leave unread before it is hung up on.
    static let longestBacklog = 20_000
    /// Messages taken from one client before others have their turn.
    static let turn = 64

    let socket: MessageSocket
    /// What the socket had no room for, oldest first.
    var backlog: [cjail_report] = []

    init(_ socket: consuming MessageSocket) { self.socket = socket }
}
