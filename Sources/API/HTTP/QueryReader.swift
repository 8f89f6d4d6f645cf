internal import Domain
internal import JSON

/// Reads query parameters as strictly as fields of a body.
enum QueryReader {
    /// - Throws: 400 naming the first parameter that is unknown or given twice.
    static func check(_ query: [HTTPRequest.Parameter], known: [String]) throws(APIError) {
        var seen: Set<String> = []
        for parameter in query {
            let name = parameter.name.shortened(to: 64)
            guard known.contains(parameter.name) else {
                throw APIError(RequestError(.unknownField, "?\(name): no such parameter", field: name))
            }
            guard seen.insert(parameter.name).inserted else {
                throw APIError(RequestError(.invalidValue, "?\(name): is given twice", field: name))
            }
        }
    }

    static func flag(
        _ name: String, in query: [HTTPRequest.Parameter], default standard: Bool
    ) throws(APIError) -> Bool {
        switch query.first(where: { $0.name == name })?.value {
        case nil: return standard
        case "true": return true
        case "false": return false
        case let value?:
            throw APIError(
                RequestError(
                    .invalidValue, "?\(name): '\(value.shortened(to: 32))', where true or false was expected",
                    field: name))
        }
    }

    /// A whole number within bounds; nil where it is not given.
    static func count(
        _ name: String, in query: [HTTPRequest.Parameter], _ bounds: ClosedRange<Int>
    ) throws(APIError) -> Int? {
        guard let text = query.value(name) else { return nil }
        guard let count = Int(text), bounds.contains(count) else {
            throw wrong(name, text, "a whole number from \(bounds.lowerBound) to \(bounds.upperBound)")
        }
        return count
    }

    static func choice<Choice: RawRepresentable<String>>(
        _ name: String, in query: [HTTPRequest.Parameter], _ choices: [Choice]
    ) throws(APIError) -> Choice? {
        guard let text = query.value(name) else { return nil }
        guard let choice = choices.first(where: { $0.rawValue == text }) else {
            throw wrong(name, text, "one of " + choices.map(\.rawValue).joined(separator: ", "))
        }
        return choice
    }

    /// A time, in nanoseconds since 1970.
    static func time(_ name: String, in query: [HTTPRequest.Parameter]) throws(APIError) -> Int64? {
        guard let text = query.value(name) else { return nil }
        guard let time = PercentEncoding.decode(text).flatMap(Timestamp.parse) else {
            throw wrong(name, text, "a time such as 2026-11-21 or 2026-11-21T01:02:03Z")
        }
        return time
    }

    static func wrong(_ name: String, _ text: String, _ expected: String) -> APIError {
        APIError(
            RequestError(
                .invalidValue, "?\(name): '\(text.shortened(to: 32))', where \(expected) was expected",
                field: name))
    }
}

extension [HTTPRequest.Parameter] {
    /// The value of a parameter as it was sent; nil where it is not given.
    func value(_ name: String) -> String? { first { $0.name == name }?.value }
}
