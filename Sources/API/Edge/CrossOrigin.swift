internal import Domain

/// Lets pages of the origins that the operator names use the service with a key of theirs (CORS).
///
/// No cookie and no other standing authority is involved, so an answer says no more than that a page may read it.
package struct CrossOrigin: Sendable {
    private static let headers =
        "Authorization, X-API-Key, Content-Type, Content-Encoding, Idempotency-Key, Last-Event-ID, X-Request-Id, "
        + "traceparent"
    private static let exposed = "X-Request-Id, Retry-After, ETag, Content-Disposition, traceresponse"

    /// As browsers write them; "*" stands for all.
    let origins: Set<String>

    /// The answer to a browser that asks whether a page may send a request; nil where none asks, or it may not.
    func preflight(_ request: HTTPRequest) -> HTTPResponse? {
        guard request.method == "OPTIONS", allows(request),
            request.headers["access-control-request-method"] != nil
        else { return nil }
        return HTTPResponse(
            status: 204,
            headers: HTTPHeaders([
                "Access-Control-Allow-Methods": "GET, POST, PATCH, DELETE",
                "Access-Control-Allow-Headers": Self.headers, "Access-Control-Max-Age": "600",
            ]), body: [])
    }

    /// Tells a browser that a page may read an answer.
    func mark(_ response: inout HTTPResponse, for request: HTTPRequest) {
        guard !origins.isEmpty else { return }
        response.headers.append("Vary", "Origin")
        guard allows(request), let origin = request.headers["origin"] else { return }
        response.headers.append("Access-Control-Allow-Origin", origin)
        response.headers.append("Access-Control-Expose-Headers", Self.exposed)
    }

    private func allows(_ request: HTTPRequest) -> Bool {
        guard let origin = request.headers["origin"], request.headers.count("origin") == 1 else {
            return false
        }
        return origins.contains("*") || origins.contains(origin)
    }

    /// Whether a text is an origin as browsers send it: a scheme and a host, without a path.
    package static func isOrigin(_ text: String) -> Bool {
        if text == "*" { return true }
        guard
            let rest = ["https://", "http://"].first(where: text.hasPrefix).map({ text.dropFirst($0.count) })
        else { return false }
        let plain = rest.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (0x30...0x39).contains(byte)
                || "-.:[]".utf8.contains(byte)
        }
        return !rest.isEmpty && plain
    }
}
