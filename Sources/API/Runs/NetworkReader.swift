internal import Domain
internal import JSON

/// Reads `network`: "none", or the servers that a program may reach.
enum NetworkReader {
    private static let forms = #"'none' or {"allow": ["host:port"]}"#

    static func read(_ reader: ObjectReader) throws(RequestError) -> NetworkPolicy {
        switch reader["network"] {
        case nil, .string("none"): return .none
        case .object(let object):
            let policy = try ObjectReader(.object(object), path: "network", known: ["allow"])
            guard let entries = try policy.array("allow", most: NetworkPolicy.mostEndpoints) else {
                throw reader.wrong("network", .object(object), expected: forms)
            }
            return NetworkPolicy(allow: try endpoints(entries, policy))
        case let value?: throw reader.wrong("network", value, expected: forms)
        }
    }

    private static func endpoints(
        _ entries: [JSONValue], _ policy: ObjectReader
    ) throws(RequestError) -> [NetworkPolicy.Endpoint] {
        var endpoints: [NetworkPolicy.Endpoint] = []
        for (index, entry) in entries.enumerated() {
            let name = "allow[\(index)]"
            guard case .string(let text) = entry else {
                throw policy.wrong(name, entry, expected: "'host:port'")
            }
            do throws(NetworkPolicy.Endpoint.Invalid) {
                let endpoint = try NetworkPolicy.Endpoint(parsing: text)
                if !endpoints.contains(endpoint) { endpoints.append(endpoint) }
            } catch {
                throw policy.error(.invalidValue, name, "\(entry.summary) \(error)")
            }
        }
        return endpoints
    }
}
