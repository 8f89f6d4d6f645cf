internal import Synchronization

/// What only grows, by labels.
package final class Counter: Metric {
    private let name: MetricName
    private let series: Mutex<BoundedSeries<Double>>

    package init(_ name: MetricName) {
        self.name = name
        series = Mutex(BoundedSeries(empty: 0))
        if name.labels.isEmpty { add(0) }
    }

    package func add(_ amount: Double = 1, _ labels: String...) {
        series.withLock { $0.change(labels) { $0 += amount } }
    }

    package func write(to text: inout String) {
        name.writeHead("counter", to: &text)
        for (labels, value) in series.withLock({ $0.sorted }) {
            name.writeSeries(labels, to: &text)
            text += MetricName.number(value) + "\n"
        }
    }
}
