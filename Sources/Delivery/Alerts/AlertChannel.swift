internal import Domain
internal import JSON

/// Somewhere alerts go, as the operator named it.
package enum AlertChannel: Hashable, Sendable {
    /// A JSON object, signed as results to webhooks are.
    case webhook(String)
    /// What Slack's incoming webhooks take, and those of its likes.
    case slack(String)
    case mail(MailServer, to: [String])

    package struct MailServer: Hashable, Sendable {
        /// `smtp://host:port`, or `smtps://`.
        package var url: String
        package var from: String
        package var user: String?
        package var password: String?

        package init(url: String, from: String, user: String? = nil, password: String? = nil) {
            self.url = url
            self.from = from
            self.user = user
            self.password = password
        }
    }

    /// Without what is secret in it.
    package var description: String {
        switch self {
        case .webhook(let url): "webhook at \(Self.origin(url))"
        case .slack(let url): "Slack at \(Self.origin(url))"
        case .mail(let server, let to): "mail by \(Self.origin(server.url)) to \(to.joined(separator: ", "))"
        }
    }

    /// The path of such a URL is its secret.
    private static func origin(_ url: String) -> String {
        url.split(separator: "/", omittingEmptySubsequences: false).prefix(3).joined(separator: "/")
    }

    func request(
        _ alert: Alert, host: String, now: Int64, sign: ([UInt8]) -> [UInt8]
    ) -> OutboundRequest {
        let title = "Diatom on \(host): \(alert.name.rawValue) \(alert.state.rawValue)"
        switch self {
        case .webhook(let url):
            var request = OutboundRequest(url: url, body: Self.object(alert, host))
            let id = "alert_\(alert.name.rawValue)_\(alert.state.rawValue)_\(now)"
            request.headers = [("Content-Type", "application/json"), ("User-Agent", "Diatom-Webhook/1")]
            request.headers += WebhookSignature.headers(
                id: id, seconds: now / 1_000_000_000, body: request.body, secret: nil, sign: sign)
            return request
        case .slack(let url):
            var writer = JSONWriter()
            writer.beginObject()
            writer.member("text", "\(title): \(alert.summary)")
            writer.endObject()
            var request = OutboundRequest(url: url, body: writer.bytes)
            request.headers = [("Content-Type", "application/json")]
            return request
        case .mail(let server, let to):
            let mail = MailMessage(from: server.from, to: to, subject: title, text: alert.summary)
            var request = OutboundRequest(url: server.url, body: mail.bytes(now: now, host: host))
            request.mail = OutboundRequest.Mail(from: server.from, to: to)
            request.credentials = server.user.map { ($0, server.password ?? "") }
            request.timeout = .seconds(30)
            return request
        }
    }

    private static func object(_ alert: Alert, _ host: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("alert", alert.name.rawValue)
        writer.member("state", alert.state.rawValue)
        writer.member("summary", alert.summary)
        writer.member("host", host)
        writer.member("since_ms", Int(alert.since / 1_000_000))
        writer.endObject()
        return writer.bytes
    }
}
