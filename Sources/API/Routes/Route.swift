internal import Domain

/// One thing that clients can ask for: what its path looks like, and what answers it.
struct Route: Sendable {
    typealias Handler =
        @Sendable (Application, HTTPRequest, RouteParameters) async throws(APIError) -> HTTPResponse

    let method: String
    /// Segments in braces take one segment of a path; one that ends in `…` takes all that is left.
    let pattern: String
    /// Its name in the OpenAPI document.
    let operation: String
    /// What a key must be allowed; nil where none is needed.
    let scope: KeyScope?
    /// Whether it looks at its query parameters itself; all others have none.
    let readsQuery: Bool
    let handler: Handler

    init(
        _ method: String, _ pattern: String, _ operation: String, scope: KeyScope?, readsQuery: Bool = false,
        _ handler: @escaping Handler
    ) {
        self.method = method
        self.pattern = pattern
        self.operation = operation
        self.scope = scope
        self.readsQuery = readsQuery
        self.handler = handler
    }
}

/// What a path has where its pattern has braces, in order, as it was sent.
struct RouteParameters: Sendable {
    var values: [String] = []

    /// The first as the id of a run.
    func run() throws(APIError) -> RunID {
        guard let id = values.first.flatMap(RunID.init(parsing:)) else { throw Application.notFound("run") }
        return id
    }

    func key() throws(APIError) -> KeyID {
        guard let id = values.first, id.utf8.count <= 64 else { throw Application.notFound("key") }
        return KeyID(id)
    }

    func environment() throws(APIError) -> String {
        guard let id = values.first, EnvironmentRecord.isHash(id) else {
            throw Application.notFound("environment")
        }
        return id
    }
}
