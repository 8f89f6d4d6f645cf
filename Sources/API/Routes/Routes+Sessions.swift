internal import Domain

/// `/v1/sessions` and what is in them.
extension Routes {
    static let sessions: [Route] = [
        Route("POST", "/v1/sessions", "createSession", scope: .run) {
            application, request, _ async throws(APIError) in try await application.createSession(request)
        },
        Route("GET", "/v1/sessions", "listSessions", scope: .read, readsQuery: true) {
            application, request, _ async throws(APIError) in try await application.listSessions(request)
        },
        Route("GET", "\(session)", "getSession", scope: .read) {
            application, request, path async throws(APIError) in
            try await application.showSession(path, request)
        },
        Route("PATCH", "\(session)", "changeSession", scope: .run) {
            application, request, path async throws(APIError) in
            try await application.changeSession(path, request)
        },
        Route("DELETE", "\(session)", "endSession", scope: .run) {
            application, request, path async throws(APIError) in
            try await application.endSession(path, request)
        },
        Route("POST", "\(session)/pause", "pauseSession", scope: .run) {
            application, request, path async throws(APIError) in
            try await application.pauseSession(path, request)
        },
        Route("POST", "\(session)/resume", "resumeSession", scope: .run) {
            application, request, path async throws(APIError) in
            try await application.resumeSession(path, request)
        },
        Route("GET", "\(session)/usage", "getSessionUsage", scope: .read) {
            application, request, path async throws(APIError) in
            try await application.showSessionUsage(path, request)
        },
        Route("POST", "\(session)/cells", "runCell", scope: .run) {
            application, request, path async throws(APIError) in try await application.runCell(path, request)
        },
        Route("POST", "\(session)/cells/{cell}/input", "answerInput", scope: .run) {
            application, request, path async throws(APIError) in
            try await application.answerInput(path, request)
        },
        Route("POST", "\(session)/interrupt", "interruptSession", scope: .run) {
            application, request, path async throws(APIError) in
            try await application.interruptContext(path, request)
        },
        Route("GET", "\(session)/contexts", "listContexts", scope: .read) {
            application, request, path async throws(APIError) in
            try await application.listContexts(path, request)
        },
        Route("POST", "\(session)/contexts", "addContext", scope: .run) {
            application, request, path async throws(APIError) in
            try await application.addContext(path, request)
        },
        Route("DELETE", "\(session)/contexts/{context}", "removeContext", scope: .run) {
            application, request, path async throws(APIError) in
            try await application.removeContext(path, request)
        },
        Route("POST", "\(session)/contexts/{context}/interrupt", "interruptContext", scope: .run) {
            application, request, path async throws(APIError) in
            try await application.interruptContext(path, request)
        },
        Route("POST", "\(session)/contexts/{context}/restart", "restartContext", scope: .run) {
            application, request, path async throws(APIError) in
            try await application.restartContext(path, request)
        },
        Route("POST", "\(session)/contexts/{context}/complete", "completeCode", scope: .run) {
            application, request, path async throws(APIError) in
            try await application.completeCode(path, request)
        },
        Route("POST", "\(session)/commands", "startCommand", scope: .run) {
            application, request, path async throws(APIError) in
            try await application.startCommand(path, request)
        },
        Route("GET", "\(session)/commands", "listCommands", scope: .read) {
            application, request, path async throws(APIError) in
            try await application.listCommands(path, request)
        },
        Route("GET", "\(session)/commands/{pid}/events", "followCommand", scope: .read, readsQuery: true) {
            application, request, path async throws(APIError) in
            try await application.followCommand(path, request)
        },
        Route("POST", "\(session)/commands/{pid}/stdin", "feedCommand", scope: .run) {
            application, request, path async throws(APIError) in
            try await application.feedCommand(path, request)
        },
        Route("POST", "\(session)/commands/{pid}/signal", "signalCommand", scope: .run) {
            application, request, path async throws(APIError) in
            try await application.signalCommand(path, request)
        },
        Route("POST", "\(session)/commands/{pid}/resize", "resizeCommand", scope: .run) {
            application, request, path async throws(APIError) in
            try await application.resizeCommand(path, request)
        },
        Route("GET", "\(session)/files", "listFiles", scope: .read, readsQuery: true) {
            application, request, path async throws(APIError) in
            try await application.listFiles(path, request)
        },
        Route("GET", "\(session)/files/{path…}", "getFile", scope: .read, readsQuery: true) {
            application, request, path async throws(APIError) in try await application.getFile(path, request)
        },
        Route("PUT", "\(session)/files/{path…}", "putFile", scope: .run, readsQuery: true) {
            application, request, path async throws(APIError) in try await application.putFile(path, request)
        },
        Route("DELETE", "\(session)/files/{path…}", "removeFile", scope: .run) {
            application, request, path async throws(APIError) in
            try await application.removeFile(path, request)
        },
        Route("POST", "\(session)/files:move", "moveFile", scope: .run) {
            application, request, path async throws(APIError) in try await application.moveFile(path, request)
        },
        Route("POST", "\(session)/files:mkdir", "makeFolder", scope: .run) {
            application, request, path async throws(APIError) in
            try await application.makeFolder(path, request)
        },
        Route("POST", "\(session)/files:watch", "watchFolder", scope: .read) {
            application, request, path async throws(APIError) in
            try await application.watchFolder(path, request)
        },
        Route("GET", "\(session)/checkpoints", "listCheckpoints", scope: .read) {
            application, request, path async throws(APIError) in
            try await application.listCheckpoints(path, request)
        },
        Route("POST", "\(session)/checkpoints", "makeCheckpoint", scope: .run) {
            application, request, path async throws(APIError) in
            try await application.makeCheckpoint(path, request)
        },
        Route("DELETE", "\(session)/checkpoints/{checkpoint}", "removeCheckpoint", scope: .run) {
            application, request, path async throws(APIError) in
            try await application.removeCheckpoint(path, request)
        },
        Route("POST", "\(session)/rollback", "rollBack", scope: .run) {
            application, request, path async throws(APIError) in try await application.rollBack(path, request)
        },
        Route("POST", "\(session)/fork", "forkSession", scope: .run) {
            application, request, path async throws(APIError) in
            try await application.forkSession(path, request)
        },
        Route("GET", "\(session)/tree", "getSessionTree", scope: .read) {
            application, request, path async throws(APIError) in
            try await application.showTree(path, request)
        },
    ]

    private static let session = "/v1/sessions/{id}"
}
