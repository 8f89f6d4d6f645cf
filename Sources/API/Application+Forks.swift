internal import Domain
internal import JSON

/// Copies of sessions, and what came from what.
extension Application {
    func forkSession(_ path: RouteParameters, _ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        guard !isDraining else { throw APIError(.draining) }
        let session = try session(path, request)
        let (count, checkpoint, drops) = try read { () throws(RequestError) in
            try SessionReader.fork(request.body)
        }
        let forks = try await attempt { () async throws(RequestError) in
            try await session.fork(count: count, checkpoint: checkpoint, drops: drops)
        }
        for case .success(let fork) in forks {
            await note(.sessionCreated, subject: fork.id.description, by: request.principal)
        }
        return answer(201) { writer in
            writer.name("sessions")
            writer.beginArray()
            for fork in forks {
                switch fork {
                case .success(let session):
                    writer.beginObject()
                    SessionEncoder.write(session.info, to: &writer)
                    writer.endObject()
                case .failure(let error): writer.value(json: APIError(error).body)
                }
            }
            writer.endArray()
        }
    }

    /// The whole family that a session is of, from its first ancestor on.
    func showTree(_ path: RouteParameters, _ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        let keeper = try sessionKeeper()
        var root = try session(path, request).info
        while let parent = root.parent, let known = keeper.find(parent)?.info { root = known }
        let infos = keeper.all().map(\.info).filter { $0.request.key == root.request.key }
        let children = Dictionary(grouping: infos.filter { $0.parent != nil }) { $0.parent ?? $0.id }
        let top = root
        return answer { writer in self.write(top, children, to: &writer) }
    }

    private func write(
        _ info: SessionInfo, _ children: [SessionID: [SessionInfo]], to writer: inout JSONWriter
    ) {
        writer.member("id", info.id.description)
        writer.member("name", info.request.name)
        writer.member("state", info.state.rawValue)
        writer.member("created_at", Timestamp.format(info.created))
        writer.name("forks")
        writer.beginArray()
        for child in children[info.id] ?? [] {
            writer.beginObject()
            write(child, children, to: &writer)
            writer.endObject()
        }
        writer.endArray()
    }
}
