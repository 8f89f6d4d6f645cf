internal import Domain
internal import JSON

/// `/v1/sessions`: their life, contexts, and states to return to.
extension Application {
    func sessionKeeper() throws(APIError) -> any SessionKeeper {
        guard let keeper = runner.sessions else {
            throw APIError(RequestError(.unsupported, "sessions: this service has none (--sessions 0)"))
        }
        return keeper
    }

    /// One that the request's key may see.
    func session(_ path: RouteParameters, _ request: HTTPRequest) throws(APIError) -> any LiveSession {
        guard let id = path.values.first.flatMap(SessionID.init(parsing:)),
            let session = try sessionKeeper().find(id), isOf(request.principal, session)
        else { throw Self.notFound("session") }
        return session
    }

    private func isOf(_ principal: Principal, _ session: any LiveSession) -> Bool {
        session.info.request.key == principal.key || principal.may(.admin)
    }

    var sessionReader: SessionReader { SessionReader(maxima: decoder.maxima) }

    /// Hands on what can be wrong with a request as what clients see.
    func attempt<Value>(
        _ body: () async throws(RequestError) -> Value
    ) async throws(APIError) -> Value {
        do throws(RequestError) { return try await body() } catch { throw APIError(error) }
    }

    func read<Value>(_ body: () throws(RequestError) -> Value) throws(APIError) -> Value {
        do throws(RequestError) { return try body() } catch { throw APIError(error) }
    }

    func answer(_ status: Int = 200, _ fill: (inout JSONWriter) -> Void) -> HTTPResponse {
        .json(status, SessionEncoder.document(fill))
    }

    static let done = HTTPResponse.json(200, SessionEncoder.document { $0.member("status", "ok") })

    // MARK: Their life

    func createSession(_ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        guard !isDraining else { throw APIError(.draining) }
        try ContentRules.requireJSON(request.headers)
        let keeper = try sessionKeeper()
        var wish = try read { () throws(RequestError) in try sessionReader.session(request.body) }
        wish.key = request.principal.key
        wish.allowance = request.principal.allowance
        let asked = wish
        let session = try await attempt { () async throws(RequestError) in try await keeper.create(asked) }
        await note(.sessionCreated, subject: session.id.description, by: request.principal)
        return answer(201) { SessionEncoder.write(session.info, to: &$0) }
    }

    func listSessions(_ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        let query = request.query
        let filters = query.filter { $0.name.hasPrefix("metadata.") }
        try QueryReader.check(query, known: ["state", "limit"] + filters.map(\.name))
        let state = try QueryReader.choice("state", in: query, SessionInfo.State.allCases)
        let most = try QueryReader.count("limit", in: query, 1...1_000) ?? 100
        let wanted = filters.map { ($0.name.dropFirst("metadata.".count), PercentEncoding.decode($0.value)) }
        let infos = try sessionKeeper().all().filter { isOf(request.principal, $0) }.map(\.info).filter {
            info in
            (state == nil || info.state == state)
                && wanted.allSatisfy { info.request.metadata[String($0.0)] == $0.1 }
        }
        return .json(
            200, SessionEncoder.list("sessions", Array(infos.suffix(most).reversed()), SessionEncoder.write))
    }

    func showSession(_ path: RouteParameters, _ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        let session = try session(path, request)
        return answer { SessionEncoder.write(session.info, to: &$0) }
    }

    func changeSession(_ path: RouteParameters, _ request: HTTPRequest) async throws(APIError) -> HTTPResponse
    {
        let session = try session(path, request)
        try ContentRules.requireJSON(request.headers)
        let change = try read { () throws(RequestError) in try sessionReader.change(request.body) }
        try await attempt { () async throws(RequestError) in try await session.change(change) }
        return answer { SessionEncoder.write(session.info, to: &$0) }
    }

    func endSession(_ path: RouteParameters, _ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        let session = try session(path, request)
        await session.end()
        await note(.sessionEnded, subject: session.id.description, by: request.principal)
        return answer { SessionEncoder.write(session.info, to: &$0) }
    }

    func pauseSession(_ path: RouteParameters, _ request: HTTPRequest) async throws(APIError) -> HTTPResponse
    {
        let session = try session(path, request)
        try await attempt { () async throws(RequestError) in try await session.pause() }
        return answer { SessionEncoder.write(session.info, to: &$0) }
    }

    func resumeSession(_ path: RouteParameters, _ request: HTTPRequest) async throws(APIError) -> HTTPResponse
    {
        let session = try session(path, request)
        try await attempt { () async throws(RequestError) in try await session.resume() }
        return answer { SessionEncoder.write(session.info, to: &$0) }
    }

    func showSessionUsage(_ path: RouteParameters, _ request: HTTPRequest) async throws(APIError)
        -> HTTPResponse
    {
        let session = try session(path, request)
        let usage = try await attempt { () async throws(RequestError) in try await session.usage() }
        return answer { SessionEncoder.write(usage, to: &$0) }
    }

    // MARK: Contexts

    func listContexts(_ path: RouteParameters, _ request: HTTPRequest) async throws(APIError) -> HTTPResponse
    {
        let contexts = try session(path, request).contexts()
        return .json(200, SessionEncoder.list("contexts", contexts, SessionEncoder.write))
    }

    func addContext(_ path: RouteParameters, _ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        let session = try session(path, request)
        try ContentRules.requireJSON(request.headers)
        let (language, cwd) = try read { () throws(RequestError) in try SessionReader.context(request.body) }
        let context = try await attempt { () async throws(RequestError) in
            try await session.addContext(language: language, cwd: cwd)
        }
        return answer(201) { SessionEncoder.write(context, to: &$0) }
    }

    func removeContext(_ path: RouteParameters, _ request: HTTPRequest) async throws(APIError) -> HTTPResponse
    {
        let session = try session(path, request)
        try await attempt { () async throws(RequestError) in try await session.removeContext(path.values[1]) }
        return Self.done
    }

    func restartContext(_ path: RouteParameters, _ request: HTTPRequest) async throws(APIError)
        -> HTTPResponse
    {
        let session = try session(path, request)
        let context = try await attempt { () async throws(RequestError) in
            try await session.restartContext(path.values[1])
        }
        return answer { SessionEncoder.write(context, to: &$0) }
    }

    func interruptContext(_ path: RouteParameters, _ request: HTTPRequest) async throws(APIError)
        -> HTTPResponse
    {
        let session = try session(path, request)
        let context = path.values.count > 1 ? path.values[1] : nil
        try await attempt { () async throws(RequestError) in try await session.interrupt(context: context) }
        return Self.done
    }

    func completeCode(_ path: RouteParameters, _ request: HTTPRequest) async throws(APIError) -> HTTPResponse
    {
        let session = try session(path, request)
        try ContentRules.requireJSON(request.headers)
        let (code, cursor) = try read { () throws(RequestError) in try SessionReader.completion(request.body)
        }
        let found = try await attempt { () async throws(RequestError) in
            try await session.complete(code, cursor: cursor, context: path.values[1])
        }
        return answer { SessionEncoder.write(found, to: &$0) }
    }

    // MARK: States to return to

    func listCheckpoints(_ path: RouteParameters, _ request: HTTPRequest) async throws(APIError)
        -> HTTPResponse
    {
        let checkpoints = try session(path, request).checkpoints()
        return .json(200, SessionEncoder.list("checkpoints", checkpoints, SessionEncoder.write))
    }

    func makeCheckpoint(_ path: RouteParameters, _ request: HTTPRequest) async throws(APIError)
        -> HTTPResponse
    {
        let session = try session(path, request)
        let drops = try read { () throws(RequestError) in try SessionReader.drops(request.body) }
        let kept = try await attempt { () async throws(RequestError) in
            try await session.checkpoint(drops: drops)
        }
        return answer(201) { SessionEncoder.write(kept, to: &$0) }
    }

    func removeCheckpoint(_ path: RouteParameters, _ request: HTTPRequest) async throws(APIError)
        -> HTTPResponse
    {
        let session = try session(path, request)
        try await attempt { () async throws(RequestError) in
            try await session.removeCheckpoint(path.values[1])
        }
        return Self.done
    }

    func rollBack(_ path: RouteParameters, _ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        let session = try session(path, request)
        let wanted = try read { () throws(RequestError) in try SessionReader.checkpoint(request.body) }
        let kept = try await attempt { () async throws(RequestError) in try await session.rollBack(to: wanted)
        }
        return answer { SessionEncoder.write(kept, to: &$0) }
    }
}
