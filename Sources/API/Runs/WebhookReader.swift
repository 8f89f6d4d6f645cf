internal import Domain
internal import JSON

/// Reads `"webhook": {"url": …, "secret": …}`.
struct WebhookReader {
    /// nil where this service sends none.
    let webhooks: Webhooks?

    func read(_ reader: ObjectReader) throws(RequestError) -> Webhook? {
        guard let value = reader["webhook"] else { return nil }
        let member = try ObjectReader(value, path: reader.field("webhook"), known: ["url", "secret"])
        guard let webhooks else {
            throw reader.error(
                .unsupported, "webhook",
                "this service sends none; its operator can change that by --webhooks yes and --history yes")
        }
        guard let text = try member.string("url") else {
            throw member.error(.invalidValue, "url", "is missing; it says where the result is sent")
        }
        let url: WebURL
        do throws(WebURL.Invalid) { url = try WebURL(parsing: text) } catch {
            throw member.error(.invalidValue, "url", "'\(text.shortened(to: 100))' \(error)")
        }
        if let obstacle = webhooks.obstacle(url) {
            throw member.error(.invalidValue, "url", "'\(text.shortened(to: 100))' \(obstacle)")
        }
        return Webhook(url: url, secret: try secret(member))
    }

    /// As Standard Webhooks writes them.
    private func secret(_ reader: ObjectReader) throws(RequestError) -> [UInt8]? {
        guard reader.optional("secret") != nil, let text = try reader.string("secret") else { return nil }
        let prefix = Webhook.secretPrefix
        let bytes = text.hasPrefix(prefix) ? Base64.decode(String(text.dropFirst(prefix.count))) : nil
        guard let bytes, Webhook.secretSizes.contains(bytes.count) else {
            throw reader.error(
                .invalidValue, "secret",
                "is not whsec_ and the base64 of 24 to 64 bytes; the value is not shown")
        }
        return bytes
    }
}
