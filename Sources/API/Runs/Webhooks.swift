package import Domain

/// Deliveries of results to who wants to be told.
package struct Webhooks: Sendable {
    package var store: any DeliveryStore
    /// Says that something is to be sent.
    package var ring: @Sendable () -> Void
    /// Why a URL can't be one's webhook, as far as can be told at once; nil where it may be.
    package var obstacle: @Sendable (WebURL) -> String?

    package init(
        store: any DeliveryStore, ring: @escaping @Sendable () -> Void,
        obstacle: @escaping @Sendable (WebURL) -> String?
    ) {
        self.store = store
        self.ring = ring
        self.obstacle = obstacle
    }
}
