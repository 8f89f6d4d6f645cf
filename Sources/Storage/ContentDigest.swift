internal import CMessageDigest
internal import Domain

/// SHA-256 by libmd, of parts that cannot run into each other: each is hashed with its length.
package struct ContentDigest {
    private var context = SHA2_CTX()

    package init() { SHA256Init(&context) }

    package mutating func add(_ bytes: [UInt8]) {
        add(bytes.count)
        SHA256Update(&context, bytes, bytes.count)
    }

    package mutating func add(_ text: String) { add(Array(text.utf8)) }

    package mutating func add(_ number: Int) {
        let bytes = (0..<8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
        SHA256Update(&context, bytes, bytes.count)
    }

    /// The 32 bytes; nothing is added afterwards.
    package consuming func finish() -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
        SHA256Final(&digest, &context)
        return digest
    }

    /// The digest in lower-case hexadecimal.
    package consuming func hexadecimal() -> String {
        Hexadecimal.encode(finish())
    }
}
