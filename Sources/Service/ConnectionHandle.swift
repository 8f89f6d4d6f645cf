/// A connection of the daemon, as a number, so that it can cross threads.
///
/// Sound because only two calls are ever made with it outside the daemon's thread: resume, by an exchange
/// that has suspended it and is not over, and none after the exchange is over.
struct ConnectionHandle: Hashable, Sendable {
    private let bits: UInt

    init(_ connection: OpaquePointer) { bits = UInt(bitPattern: connection) }

    var pointer: OpaquePointer? { OpaquePointer(bitPattern: bits) }
}
