/// What an answer carries.
package enum HTTPBody: Sendable {
    case bytes([UInt8])
    /// Made while it is sent, in chunks.
    case stream(any HTTPBodyStream)

    /// Nothing where it is a stream.
    package var bytes: [UInt8] {
        if case .bytes(let bytes) = self { return bytes }
        return []
    }
}

/// A body that is pulled by whoever sends it: a client that reads slowly slows the one who makes it.
package protocol HTTPBodyStream: AnyObject, Sendable {
    /// The next piece, never empty; nil at the end. One caller at a time.
    ///
    /// - Throws: When the rest cannot be had; the client sees that the body is not whole.
    func next() async throws(BrokenBody) -> [UInt8]?
    /// The client is gone: ``next()`` returns nil soon, and no more is made.
    func cancel()
}

/// A body that ends before its end.
package struct BrokenBody: Error {
    package init() {}
}
