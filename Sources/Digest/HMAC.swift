internal import CNettle

/// HMAC with SHA-256 (RFC 2104), by Nettle.
package enum HMAC {
    package static func sha256(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
        var context = hmac_sha256_ctx()
        nettle_hmac_sha256_set_key(&context, key.count, key)
        nettle_hmac_sha256_update(&context, message.count, message)
        var digest = [UInt8](repeating: 0, count: SHA256.size)
        nettle_hmac_sha256_digest(&context, SHA256.size, &digest)
        return digest
    }
}
