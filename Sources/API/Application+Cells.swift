internal import Domain

/// Cells and commands of sessions.
extension Application {
    func runCell(_ path: RouteParameters, _ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        guard !isDraining else { throw APIError(.draining) }
        let session = try session(path, request)
        try ContentRules.requireJSON(request.headers)
        let (cell, streams) = try read { () throws(RequestError) in try sessionReader.cell(request.body) }
        let id = sessionDesk.newCell()
        if streams { return stream(cell, id, in: session, format: .of(request.headers)) }
        let result = try await attempt { () async throws(RequestError) in
            try await session.run(cell, id: id, observer: nil)
        }
        return answer { SessionEncoder.write(result, cell: id, withOutput: true, to: &$0) }
    }

    /// The events of a cell as they happen; a client that goes interrupts it.
    private func stream(
        _ cell: CellRequest, _ id: String, in session: any LiveSession, format: EventFormat
    ) -> HTTPResponse {
        let events = CellFeed(EventFeed(isPaced: true))
        sessionDesk.attend(events.feed, of: id)
        let task = owner.start {
            do throws(RequestError) {
                let result = try await session.run(cell, id: id) { await events.take($0) }
                await events.finish(result, cell: id)
            } catch { events.fail(APIError(error)) }
            self.sessionDesk.leave(id)
        }
        return .events(EventStreamBody(events.feed, format: format, paces: true) { task.cancel() }, format)
    }

    func answerInput(_ path: RouteParameters, _ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        let session = try session(path, request)
        try ContentRules.requireJSON(request.headers)
        let (id, text) = try read { () throws(RequestError) in try SessionReader.input(request.body) }
        try read { () throws(RequestError) in
            try session.answer(cell: path.values[1], request: id, text: text)
        }
        return Self.done
    }

    // MARK: Commands

    func startCommand(_ path: RouteParameters, _ request: HTTPRequest) async throws(APIError) -> HTTPResponse
    {
        guard !isDraining else { throw APIError(.draining) }
        let session = try session(path, request)
        try ContentRules.requireJSON(request.headers)
        let (command, isBackground) = try read { () throws(RequestError) in
            try sessionReader.command(request.body)
        }
        let feed = EventFeed(isPaced: !isBackground)
        let output = OutputEncoder(feed)
        let desk = sessionDesk
        let started = Announcement()
        let pid = try await attempt { () async throws(RequestError) in
            try await session.start(command) { event in
                let pid = await started.value
                switch event {
                case .output(let printed): await output.send(printed)
                case .ended(let end):
                    await output.flush()
                    feed.end("finished", SessionEncoder.document { SessionEncoder.write(end, to: &$0) })
                    desk.hasEnded(pid, in: session.id)
                }
            }
        }
        await feed.send("started", SessionEncoder.document { $0.member("pid", pid) })
        desk.keep(feed, of: pid, in: session.id)
        started.announce(pid)
        guard !isBackground else { return answer(201) { $0.member("pid", pid) } }
        let format = EventFormat.of(request.headers)
        let body = EventStreamBody(feed, format: format, paces: true) {
            Task { try? await session.signal(9, command: pid) }
        }
        return .events(body, format)
    }

    func listCommands(_ path: RouteParameters, _ request: HTTPRequest) async throws(APIError) -> HTTPResponse
    {
        let commands = try session(path, request).commands()
        return .json(200, SessionEncoder.list("commands", commands, SessionEncoder.write))
    }

    private func pid(_ path: RouteParameters) throws(APIError) -> Int {
        guard let pid = Int(path.values[1]), pid > 0 else { throw Self.notFound("command") }
        return pid
    }

    func followCommand(_ path: RouteParameters, _ request: HTTPRequest) async throws(APIError) -> HTTPResponse
    {
        let session = try session(path, request)
        try QueryReader.check(request.query, known: ["from"])
        guard let feed = sessionDesk.feed(of: try pid(path), in: session.id) else {
            throw Self.notFound("command")
        }
        let from = try QueryReader.count("from", in: request.query, 1...Int.max) ?? 1
        let format = EventFormat.of(request.headers)
        return .events(EventStreamBody(feed, after: from - 1, format: format), format)
    }

    func feedCommand(_ path: RouteParameters, _ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        let session = try session(path, request)
        try ContentRules.requireJSON(request.headers)
        let pid = try pid(path)
        let (bytes, ends) = try read { () throws(RequestError) in try SessionReader.stdin(request.body) }
        try read { () throws(RequestError) in try session.write(bytes, toCommand: pid, ends: ends) }
        return Self.done
    }

    func signalCommand(_ path: RouteParameters, _ request: HTTPRequest) async throws(APIError) -> HTTPResponse
    {
        let session = try session(path, request)
        try ContentRules.requireJSON(request.headers)
        let pid = try pid(path)
        let number = try read { () throws(RequestError) in try SessionReader.signal(request.body) }
        try await attempt { () async throws(RequestError) in try await session.signal(number, command: pid) }
        return Self.done
    }

    func resizeCommand(_ path: RouteParameters, _ request: HTTPRequest) async throws(APIError) -> HTTPResponse
    {
        let session = try session(path, request)
        try ContentRules.requireJSON(request.headers)
        let pid = try pid(path)
        let size = try read { () throws(RequestError) in try SessionReader.resize(request.body) }
        try read { () throws(RequestError) in try session.resize(size, command: pid) }
        return Self.done
    }
}
