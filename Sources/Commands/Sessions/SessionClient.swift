internal import Domain
internal import Glibc
internal import JSON

/// One session of a running service, as the command line uses it.
struct SessionClient {
    let service: ServiceQuery
    let id: String

    private static let root = "/v1/sessions"
    private var path: String { "\(Self.root)/\(ServiceQuery.escaped(id))" }

    static func create(
        _ service: ServiceQuery, name: String?, memory: Int?, disk: Int?, network: [String]
    ) throws(ServiceQuery.Failure) -> SessionClient {
        let body = SessionJSON.object { writer in
            if let name { writer.member("name", name) }
            writer.name("limits")
            writer.beginObject()
            if let memory { writer.member("memory_mb", memory) }
            if let disk { writer.member("disk_mb", disk) }
            writer.endObject()
            guard !network.isEmpty else { return }
            writer.name("network")
            writer.beginObject()
            writer.name("allow")
            writer.beginArray()
            for endpoint in network { writer.value(endpoint) }
            writer.endArray()
            writer.endObject()
        }
        let answer = try SessionJSON.read(try service.ask("POST", root, body))
        guard let id = answer.text("id") else { throw SessionJSON.malformed }
        return SessionClient(service: service, id: id)
    }

    static func list(_ service: ServiceQuery) throws(ServiceQuery.Failure) -> [UInt8] {
        try service.ask("GET", root)
    }

    func show() throws(ServiceQuery.Failure) -> [UInt8] { try service.ask("GET", path) }
    func tree() throws(ServiceQuery.Failure) -> [UInt8] { try service.ask("GET", path + "/tree") }
    func end() throws(ServiceQuery.Failure) { _ = try service.ask("DELETE", path) }
    func interrupt() { _ = try? service.ask("POST", path + "/interrupt", Array("{}".utf8)) }

    func act(_ verb: String, _ fill: (inout JSONWriter) -> Void = { _ in }) throws(ServiceQuery.Failure)
        -> [UInt8]
    {
        try service.ask("POST", "\(path)/\(verb)", SessionJSON.object(fill))
    }

    /// What could stand where the cursor is, in the live context; nothing where that cannot be told.
    func complete(_ code: String, cursor: Int, context: String) -> (matches: [String], start: Int) {
        let body = SessionJSON.object { writer in
            writer.member("code", code)
            writer.member("cursor", cursor)
        }
        guard
            let bytes = try? service.ask(
                "POST", "\(path)/contexts/\(ServiceQuery.escaped(context))/complete", body),
            let answer = try? SessionJSON.read(bytes), case .array(let list) = answer.object["matches"]
        else { return ([], cursor) }
        let matches = list.compactMap { value -> String? in
            if case .string(let text) = value { return text }
            return nil
        }
        return (matches, answer.integer("start") ?? cursor)
    }

    func answer(cell: String, request: String, text: String?) {
        let body = SessionJSON.object { writer in
            writer.member("id", request)
            writer.member("text", text)
        }
        _ = try? service.ask("POST", "\(path)/cells/\(ServiceQuery.escaped(cell))/input", body)
    }

    /// Runs a cell and hands on each of its events as they come; SIGINT interrupts the cell, and not this program.
    ///
    /// - Returns: The last event, `finished` or what went wrong.
    func run(
        _ code: String, language: String, rollsBack: Bool = false, take: (CellNews) -> Void
    ) throws(ServiceQuery.Failure) -> CellNews {
        let body = SessionJSON.object { writer in
            writer.member("code", code)
            writer.member("language", language)
            writer.member("on_error", rollsBack ? "rollback" : "keep")
            writer.member("stream", true)
        }
        let head = service.place.head(
            "POST", path + "/cells", bodyLength: body.count,
            more: [("Accept", "application/x-ndjson"), ("Connection", "close")])
        return try CellStream(place: service.place, interrupt: interrupt).read(head + body, take: take)
    }
}

/// One event of a cell.
struct CellNews {
    var event: String
    var object: JSONObject

    func text(_ name: String) -> String? { RunResultReader(object: object).text(name) }
    func integer(_ name: String) -> Int? { RunResultReader(object: object).integer(name) }
    func bytes(_ name: String) -> [UInt8] { RunResultReader(object: object).bytes(name) }
}

enum SessionJSON {
    static let malformed = ServiceQuery.Failure(
        message: "the service's answer is not understood; are this program and the service of one version?",
        code: ExitCode.engineFailed)

    static func object(_ fill: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        fill(&writer)
        writer.endObject()
        return writer.bytes
    }

    static func read(_ bytes: [UInt8]) throws(ServiceQuery.Failure) -> RunResultReader {
        guard let value = try? JSONParser.parse(bytes), case .object(let object) = value else {
            throw malformed
        }
        return RunResultReader(object: object)
    }
}
