internal import Digest
internal import JSON

/// How deliveries are signed: as Standard Webhooks 1.0.0 (standardwebhooks.com) has it.
///
/// What is signed is the id, the time and the body, with points between them; `v1a` is by Ed25519, `v1` by HMAC-SHA-256.
package enum WebhookSignature {
    package static func headers(
        id: String, seconds: Int64, body: [UInt8], secret: [UInt8]?, sign: ([UInt8]) -> [UInt8]
    ) -> [(name: String, value: String)] {
        let message = Array("\(id).\(seconds).".utf8) + body
        var signatures = ["v1a," + base64(sign(message))]
        if let secret { signatures.append("v1," + base64(HMAC.sha256(message, key: secret))) }
        return [
            ("webhook-id", id), ("webhook-timestamp", "\(seconds)"),
            ("webhook-signature", signatures.joined(separator: " ")),
        ]
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        Base64.append(bytes, to: &text)
        return String(decoding: text, as: UTF8.self)
    }
}
