internal import CAssets

/// The API's own description, for programs and for people.
extension Application {
    func showDescription() -> HTTPResponse { Self.asset(cassets_openapi(), "application/json") }
    func showPage() -> HTTPResponse { Self.asset(cassets_docs_page(), "text/html; charset=utf-8") }
    func showPageScript() -> HTTPResponse {
        Self.asset(cassets_docs_script(), "text/javascript; charset=utf-8")
    }

    /// Everything that can be asked for: method, path, name in the document, and the scope that it needs.
    package static var operations: [(method: String, path: String, name: String, scope: String?)] {
        Routes.all.map { route in
            let path = route.pattern.filter { $0 != "…" }
            return (route.method.lowercased(), path, route.operation, route.scope?.rawValue)
        }
    }

    /// The fields of a request for a run.
    package static var runFields: [String] { RunRequestDecoder.fields }

    private static func asset(_ asset: cassets_bytes, _ type: String) -> HTTPResponse {
        let headers = HTTPHeaders([
            "Content-Type": type, "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy":
                "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'",
        ])
        return HTTPResponse(
            status: 200, headers: headers,
            body: Array(UnsafeBufferPointer(start: asset.bytes, count: asset.length)))
    }
}
