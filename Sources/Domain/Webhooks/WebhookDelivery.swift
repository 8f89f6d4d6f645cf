/// What a request wants to be told when its run has ended, and where.
package struct Webhook: Hashable, Sendable {
    /// How Standard Webhooks writes a secret, before its base 64, and how many bytes it has.
    package static let secretPrefix = "whsec_"
    package static let secretSizes = 24...64
    /// The same of a public key.
    package static let keyPrefix = "whpk_"

    package var url: WebURL
    /// By which deliveries are signed besides the service's own key (HMAC); nil for none.
    package var secret: [UInt8]?

    package init(url: WebURL, secret: [UInt8]? = nil) {
        self.url = url
        self.secret = secret
    }
}

/// A result on its way to a webhook, as the store keeps it until it arrived or was given up.
package struct WebhookDelivery: Hashable, Sendable {
    package enum State: String, Hashable, Sendable, CaseIterable {
        /// Its run has not ended.
        case held
        /// For its first or next attempt.
        case waiting
        case delivered
        case failed
    }

    package var run: RunID
    package var key: KeyID
    package var url: String
    package var secret: [UInt8]?
    /// W3C trace context of the run, sent along; nil where there is none.
    package var traceparent: String?
    package var state: State
    /// What is sent; nil while it is not known, and when it is over.
    package var body: [UInt8]?
    package var attempts = 0
    /// When it is tried next, in nanoseconds since 1970.
    package var due: Int64?
    /// The HTTP status of the last attempt's answer, and what else is known of why it failed.
    package var lastStatus: Int?
    package var lastProblem: String?
    package var created: Int64
    package var finished: Int64?

    /// Nobody tries it any more.
    package mutating func giveUp(_ why: String, at time: Int64) {
        (state, lastProblem, finished) = (.failed, why, time)
        (due, body, secret) = (nil, nil, nil)
    }

    package init(run: RunID, key: KeyID, webhook: Webhook, state: State, created: Int64) {
        self.run = run
        self.key = key
        url = webhook.url.description
        secret = webhook.secret
        self.state = state
        self.created = created
    }

    package init(run: RunID, key: KeyID, url: String, state: State, created: Int64) {
        self.run = run
        self.key = key
        self.url = url
        self.state = state
        self.created = created
    }
}
