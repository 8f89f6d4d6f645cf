internal import Domain

/// Why bytes are not the JSON document that was expected, and where.
struct JSONError: Error, Hashable {
    enum Kind: Hashable {
        /// The bytes are no JSON at all.
        case syntax
        /// They are, but one value of them cannot be used; ``JSONError/path`` leads to it.
        case value
    }

    var kind: Kind
    var problem: String
    var offset: Int
    /// Names and `[n]` that lead to the value, innermost first.
    var path: [String] = []

    func inside(_ step: String) -> JSONError {
        var outer = self
        outer.path.append(step)
        return outer
    }

    /// The dotted path to the value: `files[3].path`.
    var field: String? {
        guard !path.isEmpty else { return nil }
        var text = ""
        for step in path.reversed() {
            if !text.isEmpty, !step.hasPrefix("[") { text += "." }
            text += step.shortened(to: 64)
        }
        return text
    }

    func requestError(in document: [UInt8]) -> RequestError {
        switch kind {
        case .value:
            let field = field
            return RequestError(.invalidValue, (field.map { "\($0): " } ?? "") + problem, field: field)
        case .syntax:
            let before = document.prefix(offset)
            let newline = UInt8(ascii: "\n")
            let line = before.count { $0 == newline } + 1
            let column = before.count - (before.lastIndex(of: newline).map { $0 + 1 } ?? 0) + 1
            return RequestError(
                .malformed, "the body is not JSON: \(problem) at line \(line), column \(column)")
        }
    }
}
