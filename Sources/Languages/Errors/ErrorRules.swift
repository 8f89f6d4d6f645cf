/// How to read a language's own words about a failure.
package enum ErrorRules: Hashable, Sendable {
    /// Which of several matching lines counts: compilers name the cause first, shells last.
    package enum Take: String, Hashable, Sendable, Decodable { case first, last }

    /// A kind of line, and what to call the failure that it reports.
    package struct Line: Hashable, Sendable, Decodable {
        package var pattern: LinePattern
        /// A text that the message must hold for this row to apply.
        package var contains: String?
        package var name: String
    }

    /// A traceback as Python prints it.
    case python
    /// One line for each failure; the first row that fits a line names it.
    case lines(take: Take, [Line])
}

extension ErrorRules: Decodable {
    private enum Key: String, CodingKey { case kind, take, lines }
    private enum Kind: String, Decodable { case python, lines }

    package init(from decoder: any Decoder) throws {
        let rules = try decoder.container(keyedBy: Key.self)
        switch try rules.decode(Kind.self, forKey: .kind) {
        case .python: self = .python
        case .lines:
            self = .lines(
                take: try rules.decode(Take.self, forKey: .take),
                try rules.decode([Line].self, forKey: .lines))
        }
    }
}
