internal import CMessageDigest
internal import Domain

/// SHA-256 by libmd.
enum SHA256 {
    static func digest(_ bytes: [UInt8]) -> [UInt8] {
        var context = SHA2_CTX()
        SHA256Init(&context)
        SHA256Update(&context, bytes, bytes.count)
        var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
        SHA256Final(&digest, &context)
        return digest
    }

    /// The digest in lower-case hexadecimal.
    static func hexadecimal(_ bytes: [UInt8]) -> String {
        Hexadecimal.encode(digest(bytes))
    }
}
