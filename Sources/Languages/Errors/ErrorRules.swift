/// How to read a language's own words about a failure.
package enum ErrorRules: Hashable, Sendable {
    /// Which of several matching lines counts: compilers name the cause first, shells last.
    package enum Take: String, Hashable, Sendable { case first, last }

    /// A kind of line, and what to call the failure that it reports.
    package struct Line: Hashable, Sendable {
        package var pattern: LinePattern
        /// A text that the message must hold for this row to apply.
        package var contains: String?
        /// What to call the failure; the pattern's own `{name}` counts more.
        package var name: String?
        /// Where the rest stands: each is looked for in the lines below, from the one found before.
        package var then: [LinePattern] = []
        /// Where its place stands in the lines above, if the line itself and those below tell none: the nearest counts.
        package var above: [LinePattern] = []
        /// Whether such a line says nothing and is passed over.
        package var isPassedOver: Bool { name == nil && !pattern.hasName }
    }

    /// A traceback as Python prints it.
    case python
    /// What Node prints of an error that nothing caught.
    case node
    /// One line for each failure; the first row that fits a line names it.
    case lines(take: Take, [Line])
}

extension ErrorRules {
    static let members = ["kind", "take", "lines"]

    init(reading pack: PackReader) throws(PackReader.Wrong) {
        switch try pack.text("kind") {
        case "python": self = .python
        case "node": self = .node
        case "lines":
            guard let take = Take(rawValue: try pack.text("take")) else {
                throw pack.wrong("take", "is neither first nor last")
            }
            var rows: [Line] = []
            for row in try pack.objects("lines", known: ["pattern", "contains", "name", "then", "above"]) {
                rows.append(try Line(reading: row))
            }
            self = .lines(take: take, rows)
        default: throw pack.wrong("kind", "is none of python, node and lines")
        }
    }
}

extension ErrorRules.Line {
    fileprivate init(reading row: PackReader) throws(PackReader.Wrong) {
        pattern = try Self.pattern(try row.text("pattern"), of: "pattern", in: row)
        for text in try row.optionalTexts("then") { then.append(try Self.pattern(text, of: "then", in: row)) }
        for text in try row.optionalTexts("above") {
            above.append(try Self.pattern(text, of: "above", in: row))
        }
        contains = try row.optionalText("contains")
        name = try row.optionalText("name")
    }

    private static func pattern(
        _ text: String, of member: String, in row: PackReader
    ) throws(PackReader.Wrong) -> LinePattern {
        do throws(LinePattern.Invalid) {
            return try LinePattern(parsing: text)
        } catch {
            throw row.wrong(member, "\(error)")
        }
    }
}
