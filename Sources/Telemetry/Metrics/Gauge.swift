/// What is looked at when somebody asks: a value that goes up and down, or a count that somebody else keeps.
package struct Gauge: Metric {
    package enum Kind: String, Sendable { case gauge, counter }

    private let name: MetricName
    private let kind: Kind
    private let value: @Sendable () -> Double?

    /// `value`: Called for each answer; nil where there is none just now, which leaves the metric out.
    package init(_ name: MetricName, kind: Kind = .gauge, _ value: @escaping @Sendable () -> Double?) {
        self.name = name
        self.kind = kind
        self.value = value
    }

    package func write(to text: inout String) {
        guard let value = value() else { return }
        name.writeHead(kind.rawValue, to: &text)
        name.writeSeries([], to: &text)
        text += MetricName.number(value) + "\n"
    }
}
