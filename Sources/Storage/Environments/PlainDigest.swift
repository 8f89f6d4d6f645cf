internal import CMessageDigest
internal import Domain

/// SHA-256 of bytes alone, as `sha256sum` prints it.
struct PlainDigest: ~Copyable {
    private var context = SHA2_CTX()

    init() { SHA256Init(&context) }

    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        SHA256Update(&context, base.assumingMemoryBound(to: UInt8.self), bytes.count)
    }

    consuming func hexadecimal() -> String {
        var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
        SHA256Final(&digest, &context)
        return Hexadecimal.encode(digest)
    }
}
