internal import Domain

/// Where a service of another machine is: `http://host:port` or `https://host`, with a path before the API's own where a
/// proxy has it so.
struct ServiceURL: Hashable, Sendable {
    /// As it was given, without a slash at its end.
    let text: String
    /// What `Host` says.
    let host: String
    /// What stands before the paths of the API; empty, or with a slash in front.
    let prefix: String
    let isSecure: Bool

    /// - Returns: nil where it is no such URL, or one with a name, a query or a fragment.
    init?(parsing given: String) {
        var rest = Substring(given)
        while rest.last == "/" { rest.removeLast() }
        guard given.utf8.count <= 2_048, given.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return nil }
        text = String(rest)
        if rest.hasPrefix("https://") {
            isSecure = true
        } else if rest.hasPrefix("http://") {
            isSecure = false
        } else {
            return nil
        }
        rest = rest.dropFirst(isSecure ? 8 : 7)
        let authority = rest.prefix { $0 != "/" }
        guard !authority.isEmpty, !rest.contains(where: { "@?#\\\"<>".contains($0) }) else { return nil }
        host = String(authority)
        prefix = String(rest.dropFirst(authority.count))
    }

    /// Whether what is sent stays on this machine: by the name itself, for another's could begin with it.
    var isLoopback: Bool {
        if host.hasPrefix("[") { return host == "[::1]" || host.hasPrefix("[::1]:") }
        let name = String(host.prefix { $0 != ":" })
        if case .v4(let address)? = IPAddress(name) { return address >> 24 == 127 }
        return name.lowercased() == "localhost"
    }
}
