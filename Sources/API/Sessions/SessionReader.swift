internal import Domain
internal import JSON

/// Reads what clients ask of sessions.
struct SessionReader {
    let maxima: LimitMaxima

    private static let mostMetadata = 64
    private static let mostMetadataBytes = 16 << 10
    private static let longestName = 256
    private static let longestLife = 30 * 24 * 3_600_000
    private static let mostCode = 4 << 20
    /// Of a terminal.
    private static let mostLines = 1_000

    private static func object(_ body: [UInt8], known: [String]) throws(RequestError) -> ObjectReader {
        let value = body.isEmpty ? JSONValue.object(JSONObject()) : try JSONParser.parse(body)
        return try ObjectReader(value, path: "", known: known)
    }

    // MARK: Sessions

    func session(_ body: [UInt8]) throws(RequestError) -> SessionRequest {
        let reader = try Self.object(
            body,
            known: [
                "name", "limits", "network", "env", "idle_ms", "total_ms", "on_timeout", "metadata",
                "libraries", "root",
            ])
        var request = SessionRequest()
        request.name = try Self.name(reader)
        request.limits = try LimitsReader(maxima: maxima).read(reader, "limits", step: .cell)
        request.network = try NetworkReader.read(reader)
        request.env = try ProcessReader.environment(reader)
        if let idle = try Self.duration(reader, "idle_ms") { request.idle = idle }
        if let total = try Self.duration(reader, "total_ms") { request.total = total }
        request.onTimeout = try reader.choice("on_timeout", SessionRequest.Timeout.self) ?? .stop
        request.metadata = try Self.metadata(reader) ?? [:]
        if let libraries = reader.optional("libraries"), libraries != .array([]) {
            throw reader.error(
                .unsupported, "libraries",
                "sessions have none in this version; what the machine's Python has is there")
        }
        if try reader.bool("root") {
            throw reader.error(.unsupported, "root", "sessions act as 'user' in this version")
        }
        return request
    }

    func change(_ body: [UInt8]) throws(RequestError) -> SessionChange {
        let reader = try Self.object(body, known: ["name", "metadata", "idle_ms", "total_ms"])
        var change = SessionChange()
        if reader["name"] != nil { change.name = .some(try Self.name(reader)) }
        change.metadata = try Self.metadata(reader)
        change.idle = try Self.duration(reader, "idle_ms")
        change.total = try Self.duration(reader, "total_ms")
        return change
    }

    private static func name(_ reader: ObjectReader) throws(RequestError) -> String? {
        guard reader.optional("name") != nil, let name = try reader.string("name") else { return nil }
        guard name.utf8.count <= longestName else {
            throw reader.error(
                .invalidValue, "name", "\(name.utf8.count) bytes; at most \(longestName) are taken")
        }
        return name
    }

    /// Absent is nil; null is for ever.
    private static func duration(_ reader: ObjectReader, _ name: String) throws(RequestError) -> Duration?? {
        switch reader[name] {
        case nil: return nil
        case .null: return .some(nil)
        default: return .some(try reader.count(name, from: 1, through: longestLife).map { .milliseconds($0) })
        }
    }

    private static func metadata(_ reader: ObjectReader) throws(RequestError) -> [String: String]? {
        guard let value = reader["metadata"] else { return nil }
        guard case .object(let object) = value else {
            throw reader.wrong("metadata", value, expected: "an object")
        }
        var metadata: [String: String] = [:]
        var bytes = 0
        for member in object.members {
            guard case .string(let text) = member.value else {
                throw reader.wrong("metadata.\(member.name.prefix(64))", member.value, expected: "a string")
            }
            metadata[member.name] = text
            bytes += member.name.utf8.count + text.utf8.count
        }
        guard metadata.count <= mostMetadata, bytes <= mostMetadataBytes else {
            throw reader.error(
                .invalidValue, "metadata",
                "\(metadata.count) entries of \(bytes) bytes; at most \(mostMetadata) of \(mostMetadataBytes) are taken"
            )
        }
        return metadata
    }

    // MARK: Cells

    /// A cell, and whether its events are to be streamed.
    func cell(_ body: [UInt8]) throws(RequestError) -> (CellRequest, streams: Bool) {
        let reader = try Self.object(
            body, known: ["code", "context", "language", "on_error", "limits", "stream", "env"])
        guard let code = try reader.string("code") else {
            throw reader.error(.invalidValue, "code", "is missing; it is what the cell runs")
        }
        guard code.utf8.count <= Self.mostCode else {
            throw reader.error(
                .tooLarge, "code", "\(code.utf8.count) bytes; at most \(Self.mostCode) are taken")
        }
        var cell = CellRequest(code: code)
        cell.context = reader.optional("context") == nil ? nil : try reader.string("context")
        cell.language = reader.optional("language") == nil ? nil : try reader.string("language")
        guard cell.context == nil || cell.language == nil else {
            throw reader.error(
                .invalidValue, "language", "and context exclude each other: a context has its language")
        }
        cell.onError = try reader.choice("on_error", CellRequest.OnError.self) ?? .keep
        cell.env = try ProcessReader.environment(reader)
        try limits(reader, &cell)
        let streams = try reader.bool("stream")
        cell.answersInput = streams
        return (cell, streams)
    }

    /// A cell has time and output of its own; all else is its session's.
    private func limits(_ reader: ObjectReader, _ cell: inout CellRequest) throws(RequestError) {
        guard let value = reader["limits"] else {
            cell.wall = min(cell.wall, maxima.wall)
            cell.cpu = min(cell.cpu, maxima.cpu)
            return
        }
        _ = try ObjectReader(value, path: "limits", known: ["wall_ms", "cpu_ms", "output_bytes"])
        let limits = try LimitsReader(maxima: maxima).read(reader, "limits", step: .cell)
        let given = try ObjectReader(value, path: "limits", known: ["wall_ms", "cpu_ms", "output_bytes"])
        cell.wall = given["wall_ms"] == nil ? min(cell.wall, maxima.wall) : limits.wall
        cell.cpu = given["cpu_ms"] == nil ? min(cell.cpu, maxima.cpu) : limits.cpu
        cell.output = limits.output
    }

    /// The id and the text of an answer; null ends the input.
    static func input(_ body: [UInt8]) throws(RequestError) -> (id: String, text: String?) {
        let reader = try object(body, known: ["id", "text"])
        guard let id = try reader.string("id") else {
            throw reader.error(.invalidValue, "id", "is missing; the input_request names it")
        }
        return (id, reader.optional("text") == nil ? nil : try reader.string("text"))
    }

    static func context(_ body: [UInt8]) throws(RequestError) -> (language: String, cwd: String?) {
        let reader = try object(body, known: ["language", "cwd"])
        let cwd = reader.optional("cwd") == nil ? nil : try reader.string("cwd")
        return (try reader.string("language") ?? "python", cwd)
    }

    static func completion(_ body: [UInt8]) throws(RequestError) -> (code: String, cursor: Int?) {
        let reader = try object(body, known: ["code", "cursor"])
        guard let code = try reader.string("code"), code.utf8.count <= mostCode else {
            throw reader.error(.invalidValue, "code", "is missing, or longer than \(mostCode) bytes")
        }
        let cursor = try reader.count("cursor", from: 0, through: code.count)
        return (code, cursor)
    }

    // MARK: Commands

    /// A command, and whether it runs on when its client has gone.
    func command(_ body: [UInt8]) throws(RequestError) -> (CommandRequest, isBackground: Bool) {
        let reader = try Self.object(
            body, known: ["cmd", "cwd", "env", "pty", "background", "stdin", "keep_stdin", "wall_ms", "user"])
        var command = CommandRequest(arguments: try Self.arguments(reader))
        command.cwd = reader.optional("cwd") == nil ? nil : try reader.string("cwd")
        command.env = try ProcessReader.environment(reader)
        if let user = try reader.string("user"), user != "user" {
            throw reader.error(.unsupported, "user", "commands run as 'user'")
        }
        if let value = reader.optional("pty") { command.terminal = try Self.terminal(value) }
        command.stdin = reader.optional("stdin") == nil ? nil : try reader.bytes("stdin")
        command.keepsInput = try reader.bool("keep_stdin") || command.terminal != nil
        command.wall = try reader.count("wall_ms", from: 1, through: Self.longestLife).map {
            .milliseconds($0)
        }
        return (command, try reader.bool("background"))
    }

    private static func arguments(_ reader: ObjectReader) throws(RequestError) -> [String] {
        switch reader["cmd"] {
        case .string(let text):
            guard !text.utf8.contains(0) else { throw reader.error(.invalidValue, "cmd", "holds NUL") }
            return ["/bin/bash", "-l", "-c", text]
        case .array:
            var arguments: [String] = []
            for value in try reader.array("cmd", most: 4_000) ?? [] {
                guard case .string(let text) = value, !text.utf8.contains(0) else {
                    throw reader.wrong("cmd", value, expected: "a list of strings without NUL")
                }
                arguments.append(text)
            }
            guard arguments.first?.isEmpty == false else {
                throw reader.error(.invalidValue, "cmd", "is an empty list; its first entry is the program")
            }
            return arguments
        default:
            throw reader.error(.invalidValue, "cmd", "is missing; it is a shell's text, or a list of strings")
        }
    }

    static func terminal(_ value: JSONValue) throws(RequestError) -> CommandRequest.Terminal {
        let reader = try ObjectReader(value, path: "pty", known: ["rows", "cols"])
        return .init(
            rows: try reader.count("rows", from: 1, through: mostLines) ?? 24,
            columns: try reader.count("cols", from: 1, through: mostLines) ?? 80)
    }

    static func resize(_ body: [UInt8]) throws(RequestError) -> CommandRequest.Terminal {
        try terminal(JSONParser.parse(body))
    }

    static func stdin(_ body: [UInt8]) throws(RequestError) -> (bytes: [UInt8], ends: Bool) {
        let reader = try object(body, known: ["data", "close"])
        return (try reader.bytes("data") ?? [], try reader.bool("close"))
    }

    private static let signals = [
        "SIGHUP": 1, "SIGINT": 2, "SIGQUIT": 3, "SIGKILL": 9, "SIGUSR1": 10, "SIGUSR2": 12, "SIGTERM": 15,
        "SIGCONT": 18,
        "SIGSTOP": 19, "SIGTSTP": 20, "SIGWINCH": 28,
    ]

    static func signal(_ body: [UInt8]) throws(RequestError) -> Int32 {
        let reader = try object(body, known: ["signal"])
        switch reader["signal"] {
        case .string(let name):
            let name = name.uppercased()
            if let number = signals[name] ?? signals["SIG" + name] { return Int32(number) }
            throw reader.error(
                .invalidValue, "signal",
                "'\(name.prefix(16))' is none of \(signals.keys.sorted().joined(separator: ", "))")
        case .number: return Int32(try reader.count("signal", from: 1, through: 64) ?? 15)
        default: throw reader.error(.invalidValue, "signal", "is missing; a name as SIGTERM, or a number")
        }
    }

    // MARK: Files and checkpoints

    static func path(_ body: [UInt8], also: [String] = []) throws(RequestError) -> (
        path: String, reader: ObjectReader
    ) {
        let reader = try object(body, known: ["path"] + also)
        guard let path = try reader.string("path"), !path.isEmpty else {
            throw reader.error(.invalidValue, "path", "is missing; within /home/user, or absolute")
        }
        return (path, reader)
    }

    static func move(_ body: [UInt8]) throws(RequestError) -> (path: String, target: String) {
        let (path, reader) = try path(body, also: ["to"])
        guard let target = try reader.string("to"), !target.isEmpty else {
            throw reader.error(.invalidValue, "to", "is missing; the new path")
        }
        return (path, target)
    }

    private static let mostForks = 100

    static func fork(_ body: [UInt8]) throws(RequestError) -> (count: Int, checkpoint: String?, drops: Bool) {
        let reader = try object(body, known: ["count", "checkpoint", "drop"])
        let checkpoint = reader.optional("checkpoint") == nil ? nil : try reader.string("checkpoint")
        return (
            try reader.count("count", from: 1, through: mostForks) ?? 1, checkpoint, try reader.bool("drop")
        )
    }

    static func drops(_ body: [UInt8]) throws(RequestError) -> Bool {
        try object(body, known: ["drop"]).bool("drop")
    }

    static func checkpoint(_ body: [UInt8]) throws(RequestError) -> String? {
        let reader = try object(body, known: ["checkpoint"])
        return reader.optional("checkpoint") == nil ? nil : try reader.string("checkpoint")
    }
}
