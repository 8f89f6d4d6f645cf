/// Something that is measured, as Prometheus takes it.
package protocol Metric: Sendable {
    /// Appends its lines in the text format, version 0.0.4.
    func write(to text: inout String)
}

/// What a metric is called and what of; its unit ends its name.
package struct MetricName: Hashable, Sendable {
    package var name: String
    package var help: String
    package var labels: [String]

    package init(_ name: String, _ help: String, labels: [String] = []) {
        self.name = name
        self.help = help
        self.labels = labels
    }

    func writeHead(_ type: String, to text: inout String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    }

    /// `name{label="value",…}` and a space.
    func writeSeries(
        _ values: [String], suffix: String = "", more: (name: String, value: String)? = nil,
        to text: inout String
    ) {
        text += name + suffix
        var pairs = zip(labels, values).map { "\($0)=\"\(Self.escaped($1))\"" }
        if let more { pairs.append("\(more.name)=\"\(more.value)\"") }
        if !pairs.isEmpty { text += "{\(pairs.joined(separator: ","))}" }
        text += " "
    }

    private static func escaped(_ value: String) -> String {
        guard value.utf8.contains(where: { $0 == 0x5c || $0 == 0x22 || $0 == 0x0a }) else { return value }
        return value.unicodeScalars.reduce(into: "") { text, scalar in
            switch scalar {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(scalar)
            }
        }
    }

    /// A whole number without a fraction, which is shorter and exact.
    static func number(_ value: Double) -> String {
        Int(exactly: value).map(String.init) ?? "\(value)"
    }
}

/// The series of a metric, at most so many: what a client can choose must not grow without bound.
struct BoundedSeries<Value: Sendable>: Sendable {
    static var most: Int { 1_000 }

    private var values: [[String]: Value] = [:]
    private let empty: Value

    init(empty: Value) { self.empty = empty }

    /// Changes the value of a series; of those beyond the bound together, under the label `other`.
    mutating func change(_ labels: [String], _ body: (inout Value) -> Void) {
        let isKnown = values[labels] != nil || values.count < Self.most
        let place = isKnown ? labels : labels.map { _ in "other" }
        let empty = empty
        body(&values[place, default: empty])
    }

    var sorted: [(labels: [String], value: Value)] {
        values.map { ($0.key, $0.value) }.sorted { $0.labels.lexicographicallyPrecedes($1.labels) }
    }
}
