internal import Synchronization

/// All metrics of a service, in the order in which they were added.
package final class MetricRegistry: Sendable {
    /// What a scraper is told that the answer is.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private let metrics = Mutex<[any Metric]>([])

    package init() {}

    package func add(_ more: [any Metric]) { metrics.withLock { $0 += more } }

    package var text: String {
        metrics.withLock { $0 }.reduce(into: "") { text, metric in metric.write(to: &text) }
    }
}
