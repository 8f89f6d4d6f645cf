internal import JSON

/// One line of the table: what was measured, what it must be, and whether it is.
struct BenchRow: Hashable, Sendable {
    var id: String
    var what: String
    /// As the table shows it.
    var measured = ""
    var mustBe: String
    /// How far the bound was missed; nil where it was met, or where there is none.
    var missedBy: String?
    var hasBound = true
    /// Why there is no figure; nil when there is one.
    var unmeasured: String?
    /// Whether the lack of a figure is as it should be here.
    var isOptional = false
    var note: String?
    var figures: [Figure] = []

    struct Figure: Hashable, Sendable {
        var name: String
        var value: Double
    }

    init(_ id: String, _ what: String, mustBe: String) {
        self.id = id
        self.what = what
        self.mustBe = mustBe
    }

    /// Compares with an upper bound.
    mutating func judge(_ value: Double, atMost bound: Double) {
        if value > bound { missedBy = "\(Self.short(value / bound)) × the bound" }
    }

    mutating func judge(_ value: Double, atLeast bound: Double) {
        if value < bound { missedBy = "\(Self.short(value)) of \(Self.short(bound))" }
    }

    mutating func figure(_ name: String, _ value: Double) { figures.append(Figure(name: name, value: value)) }

    var verdict: String {
        if unmeasured != nil { return isOptional ? "not measured" : "NOT MEASURED" }
        guard hasBound else { return "" }
        return missedBy.map { "missed: \($0)" } ?? "met"
    }

    /// Three significant places, as far as a table needs them.
    static func short(_ value: Double) -> String {
        let places = value.magnitude >= 100 ? 1.0 : value.magnitude >= 10 ? 10.0 : 1000.0
        let rounded = (value * places).rounded() / places
        let text = "\(rounded)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.name("id")
        writer.value(id)
        writer.name("what")
        writer.value(what)
        writer.name("measured")
        writer.value(unmeasured == nil ? measured : nil)
        writer.name("must_be")
        writer.value(hasBound ? mustBe : nil)
        writer.name("met")
        if unmeasured != nil || !hasBound { writer.null() } else { writer.value(missedBy == nil) }
        writer.name("missed_by")
        writer.value(missedBy)
        writer.name("unmeasured")
        writer.value(unmeasured)
        writer.name("note")
        writer.value(note)
        writer.name("figures")
        writer.beginObject()
        for figure in figures {
            writer.name(escaping: figure.name)
            writer.value(figure.value)
        }
        writer.endObject()
        writer.endObject()
    }
}
