internal import Domain
internal import JSON

/// A request as it may be kept.
enum RequestRedaction {
    /// The same request without what is secret in it: the values of `env`, and that of the webhook.
    static func withoutSecrets(of order: RunOrder) -> [UInt8] {
        let body = order.body
        let hasSecrets = !order.request.env.isEmpty || order.options.webhook?.secret != nil
        guard hasSecrets, case .object(var request)? = try? JSONParser.parse(body) else { return body }
        for index in request.members.indices {
            let name = request.members[index].name
            guard ["env", "webhook"].contains(name), case .object(var object) = request.members[index].value
            else { continue }
            for place in object.members.indices where name == "env" || object.members[place].name == "secret"
            {
                object.members[place].value = .null
            }
            request.members[index].value = .object(object)
        }
        var writer = JSONWriter(capacity: body.count)
        writer.value(.object(request))
        return writer.bytes
    }
}
