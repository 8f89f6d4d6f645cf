internal import Domain
internal import JSON

/// Finds the files of a request and which of them is the program.
struct SourceReader {
    static let mostFiles = 10_000

    let languages: any LanguageDirectory

    func read(
        _ reader: ObjectReader, language: String?
    ) throws(RequestError) -> (files: [SourceFile], entry: String?) {
        let entry = try entry(reader)
        let files = try files(reader)
        let code = try reader.bytes("code")
        switch (code, files) {
        case (let code?, nil):
            let path = if let entry { entry } else { try defaultEntry(language) }
            if language == nil { try requireExtension(path) }
            return ([SourceFile(path: path, content: code)], entry?.description)
        case (nil, let files?):
            return (files, try choose(entry, among: files, language: language))
        case (nil, nil):
            throw RequestError(
                .invalidValue, "code: missing; send code, or files and an entry", field: "code")
        case (_?, _?):
            throw RequestError(
                .invalidValue,
                "files: cannot be sent together with code; put the code into files and name it in entry",
                field: "files")
        }
    }

    private func defaultEntry(_ language: String?) throws(RequestError) -> WorkspacePath {
        guard let language, let path = languages.defaultEntry(for: language) else {
            throw Self.languageMissing
        }
        return path
    }

    private func requireExtension(_ path: WorkspacePath) throws(RequestError) {
        let name = path.names.last ?? ""
        guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")), dot != name.startIndex,
            name.utf8.index(after: dot) != name.endIndex
        else { throw Self.languageMissing }
    }

    private static let languageMissing = RequestError(
        .unknownLanguage,
        "language: missing; name the language (GET /v1/languages lists them) or give entry a file name that shows it",
        field: "language")

    private func entry(_ reader: ObjectReader) throws(RequestError) -> WorkspacePath? {
        guard let text = try reader.string("entry") else { return nil }
        return try Self.path(text, "entry")
    }

    private func choose(
        _ entry: WorkspacePath?, among files: [SourceFile], language: String?
    ) throws(RequestError) -> String? {
        if let entry {
            guard files.contains(where: { $0.path == entry }) else {
                throw RequestError(
                    .invalidValue,
                    "entry: '\(entry.description.shortened(to: 64))' is not the path of one of the files",
                    field: "entry")
            }
            if language == nil { try requireExtension(entry) }
            return entry.description
        }
        if let usual = language.flatMap({ languages.defaultEntry(for: $0) }),
            files.contains(where: { $0.path == usual })
        {
            return usual.description
        }
        guard files.count == 1 else {
            throw RequestError(.invalidValue, "entry: missing; name the file to start", field: "entry")
        }
        if language == nil { try requireExtension(files[0].path) }
        return files[0].path.description
    }

    private func files(_ reader: ObjectReader) throws(RequestError) -> [SourceFile]? {
        guard let values = try reader.array("files", most: Self.mostFiles) else { return nil }
        guard !values.isEmpty else {
            throw RequestError(
                .invalidValue, "files: empty; send at least the file to start, or code", field: "files")
        }
        var tree = PathTree()
        var files: [SourceFile] = []
        files.reserveCapacity(values.count)
        for (index, value) in values.enumerated() {
            let file = try file(value, "files[\(index)]")
            if let problem = tree.insert(file.path) {
                let field = "files[\(index)].path"
                let path = file.path.description.shortened(to: 64)
                throw RequestError(.invalidValue, "\(field): '\(path)' \(problem)", field: field)
            }
            files.append(file)
        }
        return files
    }

    private func file(_ value: JSONValue, _ path: String) throws(RequestError) -> SourceFile {
        let reader = try ObjectReader(value, path: path, known: ["path", "content", "encoding"])
        guard let name = try reader.string("path") else {
            throw reader.error(.invalidValue, "path", "missing")
        }
        let place = try Self.path(name, reader.field("path"))
        let encoding = try reader.choice("encoding", FileEncoding.self)
        switch (encoding, reader["content"]) {
        case (_, nil):
            throw reader.error(.invalidValue, "content", "missing; an empty file has an empty string")
        case (.base64, .string(let text)):
            return SourceFile(path: place, content: try reader.base64(text, "content"))
        case (_?, .object):
            throw reader.error(
                .invalidValue, "encoding", #"cannot be sent together with a content of {"base64": "…"}"#)
        case (_, _?):
            return SourceFile(path: place, content: try reader.bytes("content") ?? [])
        }
    }

    private enum FileEncoding: String, CaseIterable { case utf8, base64 }

    private static func path(_ text: String, _ field: String) throws(RequestError) -> WorkspacePath {
        do {
            return try WorkspacePath(parsing: text)
        } catch {
            throw RequestError(
                .invalidValue, "\(field): '\(text.shortened(to: 64))' \(problem(error))", field: field)
        }
    }

    private static func problem(_ invalid: WorkspacePath.Invalid) -> String {
        switch invalid {
        case .empty: "is empty"
        case .absolute: "is absolute; paths are relative to the workspace"
        case .tooLong(let bytes): "is \(bytes) bytes long; the longest is \(WorkspacePath.longestPath)"
        case .tooDeep(let levels): "is \(levels) levels deep; the deepest is \(WorkspacePath.deepest)"
        case .nameTooLong(let bytes):
            "has a name of \(bytes) bytes; the longest is \(WorkspacePath.longestName)"
        case .dotSegment: "has a name '.' or '..'"
        case .emptySegment: "has an empty name between, before or after its slashes"
        case .controlCharacter: "holds a control character"
        }
    }
}
