internal import Synchronization

/// How often values were how large, by labels.
package final class Histogram: Metric {
    private struct Counts {
        var buckets: [UInt64]
        var sum = 0.0
        var count: UInt64 = 0
    }

    /// Of what takes from a tenth of a millisecond to a minute.
    package static let seconds = [
        0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
        30, 60,
    ]
    /// Of memory, from a mebibyte to 16 gibibytes.
    package static let bytes = (0...7).map { Double(1 << (20 + 2 * $0)) }

    private let name: MetricName
    private let bounds: [Double]
    private let series: Mutex<BoundedSeries<Counts>>

    /// `bounds`: The largest values of its buckets, in order; there is one more for all that is larger.
    package init(_ name: MetricName, bounds: [Double] = Histogram.seconds) {
        self.name = name
        self.bounds = bounds
        series = Mutex(BoundedSeries(empty: Counts(buckets: [UInt64](repeating: 0, count: bounds.count))))
    }

    package func observe(_ value: Double, _ labels: String...) {
        let bucket = bounds.firstIndex { value <= $0 }
        series.withLock {
            $0.change(labels) { counts in
                if let bucket { counts.buckets[bucket] += 1 }
                counts.sum += value
                counts.count += 1
            }
        }
    }

    package func write(to text: inout String) {
        name.writeHead("histogram", to: &text)
        for (labels, counts) in series.withLock({ $0.sorted }) {
            var total: UInt64 = 0
            for (bound, count) in zip(bounds, counts.buckets) {
                total += count
                name.writeSeries(
                    labels, suffix: "_bucket", more: ("le", MetricName.number(bound)), to: &text)
                text += "\(total)\n"
            }
            name.writeSeries(labels, suffix: "_bucket", more: ("le", "+Inf"), to: &text)
            text += "\(counts.count)\n"
            name.writeSeries(labels, suffix: "_sum", to: &text)
            text += MetricName.number(counts.sum) + "\n"
            name.writeSeries(labels, suffix: "_count", to: &text)
            text += "\(counts.count)\n"
        }
    }
}
