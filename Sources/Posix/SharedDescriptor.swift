/// A descriptor that several hold; closed when the last lets go.
package final class SharedDescriptor: Sendable {
    private let descriptor: Descriptor
    package var rawValue: Int32 { descriptor.rawValue }

    package init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }

    /// Reads at most `limit` bytes from the start.
    package func read(limit: Int) throws(SystemFailure) -> [UInt8] {
        try SmallFile.read(rawValue, limit: limit)
    }
}
