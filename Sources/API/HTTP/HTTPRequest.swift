package import Domain
internal import Telemetry

/// One request, whichever transport it came by.
package struct HTTPRequest: Sendable {
    package struct Parameter: Hashable, Sendable {
        package var name: String
        package var value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    package var method: String
    /// As it was sent: still percent-encoded, without the query.
    package var path: String
    /// As they were sent: still percent-encoded.
    package var query: [Parameter]
    package var headers: HTTPHeaders
    package var body: [UInt8]
    package var transport = HTTPTransport.unix
    /// Who sent it; set by whoever looked at its key.
    package var principal = Principal.local
    /// The trace that it belongs to; set while it is answered.
    var trace: TraceContext?

    package init(
        method: String, path: String, query: [Parameter] = [], headers: HTTPHeaders = HTTPHeaders(),
        body: [UInt8] = []
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
    }
}
