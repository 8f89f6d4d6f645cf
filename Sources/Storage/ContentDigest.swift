internal import Digest

/// SHA-256 of parts that cannot run into each other: each is hashed with its length.
package struct ContentDigest {
    private var digest = SHA256()

    package init() {}

    package mutating func add(_ bytes: [UInt8]) {
        add(bytes.count)
        digest.add(bytes)
    }

    package mutating func add(_ text: String) { add(Array(text.utf8)) }

    package mutating func add(_ number: Int) {
        digest.add((0..<8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) })
    }

    /// The 32 bytes; nothing is added afterwards.
    package consuming func finish() -> [UInt8] { digest.finish() }

    /// The digest in lower-case hexadecimal.
    package consuming func hexadecimal() -> String { digest.hexadecimal() }
}
