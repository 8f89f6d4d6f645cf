internal import CAssets
internal import Domain
internal import JSON
internal import Languages
internal import Workers

/// What contexts there are, and how they are spoken to.
enum ContextLanguage: String, CaseIterable, Sendable {
    case python, bash, javascript, typescript, sql

    /// By a name that clients use.
    init?(named name: String) {
        switch name.lowercased() {
        case "python", "python3", "py": self = .python
        case "bash", "sh", "shell": self = .bash
        case "javascript", "js", "node": self = .javascript
        case "typescript", "ts": self = .typescript
        case "sql", "sqlite", "sqlite3": self = .sql
        default: return nil
        }
    }

    /// What its contexts are forks of; nil where they are programs that are started.
    var host: StepOrder.Host? { self == .python ? .pythonContext : nil }

    /// Whether a copy of one can be kept.
    var canFreeze: Bool { host != nil }

    /// The program of a context that is no fork, with its arguments.
    func program(_ catalogue: LanguageCatalogue) throws(RequestError) -> [String] {
        switch self {
        case .bash: return ["/bin/bash", "--norc", "--noprofile", "-c", Self.shellLoop, "bash"]
        case .javascript, .typescript:
            let node = try Self.locate("node", of: "javascript", catalogue)
            return [node, "--no-warnings", "-e", Self.text(cassets_node_context()), rawValue]
        case .sql, .python:
            let python = try Self.locate("python3", of: "python", catalogue)
            return [python, "-c", Self.text(cassets_sql_context())]
        }
    }

    private static func text(_ asset: cassets_bytes) -> String {
        String(decoding: UnsafeBufferPointer(start: asset.bytes, count: asset.length), as: UTF8.self)
    }

    private static func locate(
        _ program: String, of language: String, _ catalogue: LanguageCatalogue
    ) throws(RequestError) -> String {
        guard let pack = try? catalogue.pack(named: language) else {
            throw RequestError(.notInstalled, "language: there is no pack of \(language)", field: "language")
        }
        let programs: [String: String]
        do throws(LanguagePack.Missing) { programs = try pack.locatePrograms() } catch {
            throw RequestError(
                .notInstalled,
                "language: contexts need \(error.programs.joined(separator: ", ")), which this machine lacks; \(error.install)",
                field: "language")
        }
        guard let path = programs[program] else {
            throw RequestError(
                .notInstalled, "language: the pack of \(language) names no \(program)", field: "language")
        }
        return path
    }

    /// One cell as its contexts read it.
    func encode(_ cell: CellRequest) -> [UInt8] {
        switch self {
        case .python, .javascript, .typescript, .sql:
            return FrameWriter.frame { writer in
                writer.name("cell")
                writer.beginObject()
                writer.member("code", cell.code)
                writer.name("env")
                writer.beginObject()
                for variable in cell.env {
                    writer.name(escaping: variable.name)
                    writer.value(variable.value)
                }
                writer.endObject()
                writer.endObject()
            }
        case .bash:
            let exports = cell.env.map { "export \($0.name)=\(Self.quoted($0.value))\n" }.joined()
            let unsets = cell.env.map { "unset \($0.name)\n" }.joined()
            return Self.escaped(exports + cell.code + (unsets.isEmpty ? "" : "\n" + unsets)) + [0x0a]
        }
    }

    private static func quoted(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }

    /// On one line, as `printf %b` reads it.
    private static func escaped(_ text: String) -> [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        return text.utf8.flatMap { byte -> [UInt8] in
            if byte >= 0x20, byte < 0x7f, byte != UInt8(ascii: "\\") { return [byte] }
            return Array("\\x".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }

    /// A live shell: reads one cell a line, runs it in itself, and says how it ended in a frame of one fixed length.
    ///
    /// The socket of cells is its standard input, which the cells do not get.
    private static let shellLoop = #"""
        exec {__cells}<&0 </dev/null
        trap : INT
        __count=0
        while IFS= read -r -u "$__cells" __line; do
          printf -v __line '%b' "$__line"
          eval "$__line" {__cells}>&-
          __status=$?
          __count=$((__count + 1))
          printf '\x4a\0\0\0{"finished":{"exit_code":%3d,"execution_count":%9d                }}' "$__status" "$__count" >&"$__cells"
        done
        """#
}

/// Frames for contexts: four bytes of length, little endian, and a JSON object.
enum FrameWriter {
    static func frame(_ fill: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter(capacity: 256)
        writer.beginObject()
        fill(&writer)
        writer.endObject()
        let bytes = writer.bytes
        return withUnsafeBytes(of: UInt32(bytes.count).littleEndian) { Array($0) } + bytes
    }
}
