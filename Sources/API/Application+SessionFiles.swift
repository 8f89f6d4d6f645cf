internal import Domain
internal import JSON

/// Files of sessions.
extension Application {
    private static let mostListed = 100_000
    private static let deepest = 64

    /// The path that a request's own path ends in: within the home folder, or absolute where it begins with a slash.
    private func filePath(_ path: RouteParameters) throws(APIError) -> String {
        guard let text = PercentEncoding.decode(path.values[1]), !text.isEmpty else {
            throw Self.notFound("file")
        }
        return text
    }

    func listFiles(_ path: RouteParameters, _ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        let session = try session(path, request)
        try QueryReader.check(request.query, known: ["list", "depth"])
        let text = request.query.value("list") ?? "/home/user"
        guard let folder = PercentEncoding.decode(text) else {
            throw QueryReader.wrong("list", text, "a path")
        }
        let depth = try QueryReader.count("depth", in: request.query, 1...Self.deepest) ?? 1
        let files = try await attempt { () async throws(RequestError) in
            try await session.list(folder, depth: depth, most: Self.mostListed)
        }
        return .json(200, SessionEncoder.list("files", files, SessionEncoder.write))
    }

    func getFile(_ path: RouteParameters, _ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        let session = try session(path, request)
        try QueryReader.check(request.query, known: ["info"])
        let name = try filePath(path)
        if try QueryReader.flag("info", in: request.query, default: false) {
            let state = try await attempt { () async throws(RequestError) in
                try await session.state(ofFile: name)
            }
            return answer { SessionEncoder.write(state, to: &$0) }
        }
        let (state, content) = try await attempt { () async throws(RequestError) in
            try await session.openFile(name)
        }
        let range = try ByteRange.read(request.headers["range"], size: state.size)
        var headers = HTTPHeaders([
            "Content-Type": "application/octet-stream", "Cache-Control": "no-store", "Accept-Ranges": "bytes",
            "X-Content-Type-Options": "nosniff", "X-File-Size": "\(state.size)",
        ])
        if let range {
            headers.append("Content-Range", "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(state.size)")
        }
        var response = HTTPResponse(status: range == nil ? 200 : 206, headers: headers, body: [])
        let whole = range ?? 0..<state.size
        if !whole.isEmpty { response.body = .stream(FileBody(content, range: whole)) }
        return response
    }

    func putFile(_ path: RouteParameters, _ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        let session = try session(path, request)
        try QueryReader.check(request.query, known: ["mode"])
        let name = try filePath(path)
        var mode: UInt32 = 0o644
        if let text = request.query.value("mode") {
            guard let number = UInt32(text, radix: 8), number <= 0o777 else {
                throw QueryReader.wrong("mode", text, "permission bits in octal, such as 644")
            }
            mode = number
        }
        let bits = mode
        let state = try await attempt { () async throws(RequestError) in
            try await session.createFile(name, mode: bits).write(request.body)
            return try await session.state(ofFile: name)
        }
        return answer(201) { SessionEncoder.write(state, to: &$0) }
    }

    func removeFile(_ path: RouteParameters, _ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        let session = try session(path, request)
        let name = try filePath(path)
        try await attempt { () async throws(RequestError) in try await session.remove(name) }
        return Self.done
    }

    func moveFile(_ path: RouteParameters, _ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        let session = try session(path, request)
        try ContentRules.requireJSON(request.headers)
        let (from, to) = try read { () throws(RequestError) in try SessionReader.move(request.body) }
        try await attempt { () async throws(RequestError) in try await session.move(from, to: to) }
        return Self.done
    }

    func makeFolder(_ path: RouteParameters, _ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        let session = try session(path, request)
        try ContentRules.requireJSON(request.headers)
        let folder = try read { () throws(RequestError) in try SessionReader.path(request.body).path }
        try await attempt { () async throws(RequestError) in try await session.makeFolder(folder) }
        return answer(201) { $0.member("path", folder) }
    }

    func watchFolder(_ path: RouteParameters, _ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        let session = try session(path, request)
        try ContentRules.requireJSON(request.headers)
        let folder = try read { () throws(RequestError) in try SessionReader.path(request.body).path }
        let changes = try await attempt { () async throws(RequestError) in try await session.watch(folder) }
        let feed = EventFeed(isPaced: true)
        let id = sessionDesk.newCell()
        sessionDesk.attend(feed, of: id)
        let task = owner.start {
            await feed.send("watching", SessionEncoder.document { $0.member("path", folder) })
            for await change in changes {
                await feed.send(
                    "change",
                    SessionEncoder.document {
                        $0.member("type", change.kind.rawValue)
                        $0.member("name", change.name)
                    })
            }
            feed.end("finished", SessionEncoder.document { _ in })
            self.sessionDesk.leave(id)
        }
        let format = EventFormat.of(request.headers)
        return .events(EventStreamBody(feed, format: format, paces: true) { task.cancel() }, format)
    }
}
