internal import Domain
internal import JSON

/// A request as it may be kept.
enum RequestRedaction {
    /// The same request with the values of `env` taken out: they are where secrets are.
    ///
    /// `hasVariables`: False where it is known to have none, and nothing has to be looked for.
    static func withoutValues(_ body: [UInt8], hasVariables: Bool) -> [UInt8] {
        guard hasVariables, case .object(var request)? = try? JSONParser.parse(body) else { return body }
        for index in request.members.indices where request.members[index].name == "env" {
            guard case .object(var variables) = request.members[index].value else { continue }
            for place in variables.members.indices { variables.members[place].value = .null }
            request.members[index].value = .object(variables)
        }
        var writer = JSONWriter(capacity: body.count)
        writer.value(.object(request))
        return writer.bytes
    }
}
