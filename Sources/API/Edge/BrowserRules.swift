internal import Domain

/// Keeps web pages from driving a service that asks for no key: a browser that is on this machine can reach it.
///
/// A page of another site can send simple requests, and, by a name of its own that resolves to this machine,
/// any at all (DNS rebinding). It can't choose the `Host`, `Origin` and `Sec-Fetch-Site` that its browser sends.
enum BrowserRules {
    private static let loopback: Set<String> = ["localhost", "127.0.0.1", "[::1]"]

    static func check(_ request: HTTPRequest) throws(APIError) {
        guard let host = request.headers["host"], request.headers.count("host") == 1,
            loopback.contains(name(of: host))
        else {
            throw refusal("Host: must be localhost, 127.0.0.1 or [::1] where no key is asked for")
        }
        if let origin = request.headers["origin"], !isOwn(origin, host: host) {
            throw refusal("Origin: pages of other sites may not use a service that asks for no key")
        }
        if let site = request.headers["sec-fetch-site"], !["same-origin", "none"].contains(site) {
            throw refusal("Sec-Fetch-Site: pages of other sites may not use a service that asks for no key")
        }
    }

    private static func isOwn(_ origin: String, host: String) -> Bool {
        origin == "http://" + host || origin == "https://" + host
    }

    /// The host without its port, in lower case.
    private static func name(of host: String) -> String {
        let host = host.lowercased()
        guard let colon = host.lastIndex(of: ":"), !host.hasSuffix("]") else { return host }
        guard host[host.index(after: colon)...].utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return host
        }
        return String(host[..<colon])
    }

    private static func refusal(_ message: String) -> APIError {
        APIError(RequestError(.forbidden, message + "; make a key with 'diatom keys create'"))
    }
}
