internal import Domain
internal import Synchronization

/// How deliveries went since the service began.
package final class DeliveryCounts: Sendable {
    private let numbers = Mutex((delivered: 0, failed: 0, givenUp: 0))

    package var delivered: Int { numbers.withLock { $0.delivered } }
    /// Attempts that did not arrive.
    package var failed: Int { numbers.withLock { $0.failed } }
    package var givenUp: Int { numbers.withLock { $0.givenUp } }

    func note(_ delivery: WebhookDelivery) {
        numbers.withLock { numbers in
            if delivery.state == .delivered {
                numbers.delivered += 1
            } else {
                numbers.failed += 1
                if delivery.state == .failed { numbers.givenUp += 1 }
            }
        }
    }
}
