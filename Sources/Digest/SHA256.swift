internal import CNettle
internal import Domain

/// SHA-256 (FIPS 180-4), by Nettle: with the processor's own instructions where it has them.
package struct SHA256: Sendable {
    /// Of a digest, in bytes.
    package static let size = 32

    private var context = sha256_ctx()

    package init() { nettle_sha256_init(&context) }

    package mutating func add(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        nettle_sha256_update(&context, bytes.count, base.assumingMemoryBound(to: UInt8.self))
    }

    package mutating func add(_ bytes: [UInt8]) { bytes.withUnsafeBytes { add($0) } }

    package consuming func finish() -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: Self.size)
        nettle_sha256_digest(&context, Self.size, &digest)
        return digest
    }

    /// The digest in lower-case hexadecimal.
    package consuming func hexadecimal() -> String { Hexadecimal.encode(finish()) }

    package static func digest(_ bytes: [UInt8]) -> [UInt8] {
        var digest = SHA256()
        digest.add(bytes)
        return digest.finish()
    }

    package static func hexadecimal(_ bytes: [UInt8]) -> String { Hexadecimal.encode(digest(bytes)) }
}
