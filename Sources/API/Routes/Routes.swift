internal import Domain

/// Everything that can be asked for.
enum Routes {
    static let all: [Route] = runs + sessions + records + environments + facts

    private static let runs = [
        Route("POST", "/v1/runs", "submitRun", scope: .run, readsQuery: true) {
            application, request, _ async throws(APIError) in try await application.submit(request)
        },
        Route("GET", "/v1/runs", "listRuns", scope: .read, readsQuery: true) {
            application, request, _ async throws(APIError) in try await application.listRuns(request)
        },
        Route("POST", "/v1/runs/batch", "submitBatch", scope: .run, readsQuery: true) {
            application, request, _ async throws(APIError) in try await application.submitBatch(request)
        },
        Route("GET", "/v1/runs/{id}", "getRun", scope: .read) {
            application, request, path async throws(APIError) in
            try await application.findRun(try path.run(), request)
        },
        Route("DELETE", "/v1/runs/{id}", "deleteRun", scope: .run, readsQuery: true) {
            application, request, path async throws(APIError) in
            try await application.deleteRun(try path.run(), request)
        },
        Route("GET", "/v1/runs/{id}/events", "followRun", scope: .read, readsQuery: true) {
            application, request, path async throws(APIError) in
            try await application.followRun(try path.run(), request)
        },
        Route("GET", "/v1/runs/{id}/webhook", "getWebhook", scope: .read) {
            application, request, path async throws(APIError) in
            try await application.showDelivery(try path.run(), request)
        },
        Route("GET", "/v1/runs/{id}/files/{path…}", "getRunFile", scope: .read) {
            application, request, path async throws(APIError) in
            try await application.runFile(try path.run(), path.values[1], request)
        },
    ]

    private static let records = [
        Route("GET", "/v1/keys", "listKeys", scope: .admin) {
            application, request, _ async throws(APIError) in try await application.listKeys(request)
        },
        Route("POST", "/v1/keys", "createKey", scope: .admin) {
            application, request, _ async throws(APIError) in try await application.makeKey(request)
        },
        Route("GET", "/v1/keys/{id}", "getKey", scope: .admin) {
            application, request, path async throws(APIError) in
            try await application.showKey(try path.key(), request)
        },
        Route("PATCH", "/v1/keys/{id}", "changeKey", scope: .admin) {
            application, request, path async throws(APIError) in
            try await application.changeKey(try path.key(), request)
        },
        Route("DELETE", "/v1/keys/{id}", "revokeKey", scope: .admin) {
            application, request, path async throws(APIError) in
            try await application.revokeKey(try path.key(), request)
        },
        Route("GET", "/v1/audit", "listAudit", scope: .admin, readsQuery: true) {
            application, request, _ async throws(APIError) in try await application.listAudit(request)
        },
        Route("GET", "/v1/audit/verify", "verifyAudit", scope: .admin) {
            application, request, _ async throws(APIError) in try await application.verifyAudit(request)
        },
        Route("GET", "/v1/usage", "getUsage", scope: .read, readsQuery: true) {
            application, request, _ async throws(APIError) in try await application.showUsage(request)
        },
        Route("GET", "/v1/stats", "getStatistics", scope: .read, readsQuery: true) {
            application, request, _ async throws(APIError) in try await application.showStatistics(request)
        },
    ]

    private static let environments = [
        Route("GET", "/v1/environments", "listEnvironments", scope: .read) {
            application, request, _ async throws(APIError) in
            try await application.listEnvironments(request)
        },
        Route("POST", "/v1/environments", "makeEnvironment", scope: .run, readsQuery: true) {
            application, request, _ async throws(APIError) in
            try await application.makeEnvironment(request)
        },
        Route("DELETE", "/v1/environments", "collectEnvironments", scope: .admin, readsQuery: true) {
            application, request, _ async throws(APIError) in
            try await application.collectEnvironments(request)
        },
        Route("GET", "/v1/environments/{id}", "getEnvironment", scope: .read, readsQuery: true) {
            application, request, path async throws(APIError) in
            try await application.showEnvironment(try path.environment(), request)
        },
        Route("DELETE", "/v1/environments/{id}", "removeEnvironment", scope: .admin) {
            application, request, path async throws(APIError) in
            try await application.removeEnvironment(try path.environment(), request)
        },
    ]

    private static let facts = [
        Route("GET", "/openapi.json", "getDescription", scope: nil) { application, _, _ in
            application.showDescription()
        },
        Route("GET", "/docs", "getPage", scope: nil) { application, _, _ in application.showPage() },
        Route("GET", "/docs.js", "getPageScript", scope: nil) { application, _, _ in
            application.showPageScript()
        },
        Route("GET", "/metrics", "getMetrics", scope: .metrics) { application, _, _ in
            application.showMetrics()
        },
        Route("GET", "/v1/languages", "listLanguages", scope: .read) { application, _, _ in
            application.listLanguages()
        },
        Route("GET", "/v1/version", "getVersion", scope: nil) { application, _, _ in
            application.showVersion()
        },
        Route("GET", "/healthz", "getHealth", scope: nil) { application, _, _ in
            application.showHealth()
        },
        Route("GET", "/readyz", "getReadiness", scope: nil) { application, _, _ async throws(APIError) in
            try application.showReadiness()
        },
    ]
}
