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
}
