internal import Domain
internal import Glibc

/// The files of a command line, each under its name in the workspace.
struct GivenFiles {
    /// Of all files together; a request takes 64 MiB, and base 64 needs a third more.
    static let mostBytes = 46 << 20

    private(set) var all: [SourceFile] = []
    private var bytes = 0
    /// With its last slash; the folder that relative names are counted from.
    private var root = ""

    /// Adds a file by its path: names are counted from the first one's folder; others go by their last name.
    mutating func add(operand path: String, isFirst: Bool) throws(UsageError) -> WorkspacePath {
        let content = try Self.read(path)
        if isFirst {
            let end = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
            root = String(path[..<end])
        }
        return try add(content.bytes, as: name(of: path), executable: content.executable)
    }

    /// Adds `PATH` or `PATH=NAME`.
    mutating func add(option text: String) throws(UsageError) {
        var path = text
        var given: String?
        if let sign = text.lastIndex(of: "="), access(text, F_OK) != 0 {
            path = String(text[..<sign])
            given = String(text[text.index(after: sign)...])
        }
        let content = try Self.read(path)
        _ = try add(content.bytes, as: given ?? name(of: path), executable: content.executable)
    }

    mutating func add(
        _ content: [UInt8], as name: String, executable: Bool = false
    ) throws(UsageError) -> WorkspacePath {
        let path: WorkspacePath
        do throws(WorkspacePath.Invalid) {
            path = try WorkspacePath(parsing: name)
        } catch {
            throw UsageError(
                "'\(name)' cannot be a name in the sandbox (\(error)); name it: --file PATH=NAME")
        }
        guard !all.contains(where: { $0.path == path }) else {
            throw UsageError("two files are called '\(path)'")
        }
        bytes += content.count
        guard bytes <= Self.mostBytes else {
            throw UsageError("the files are larger than \(Self.mostBytes >> 20) MiB together")
        }
        all.append(SourceFile(path: path, content: content, executable: executable))
        return path
    }

    func find(_ name: String) throws(UsageError) -> WorkspacePath {
        guard let file = all.first(where: { $0.path.description == name }) else {
            throw UsageError(
                "--entry '\(name)' is none of \(all.map(\.path.description).joined(separator: ", "))")
        }
        return file.path
    }

    func content(of path: WorkspacePath) -> [UInt8] { all.first { $0.path == path }?.content ?? [] }

    private func name(of path: String) -> String {
        let below = path.hasPrefix(root) ? path.dropFirst(root.count) : path[...]
        let isPlain = below.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
            !$0.isEmpty && $0 != "." && $0 != ".."
        }
        return isPlain ? String(below) : String(path.split(separator: "/").last ?? "")
    }

    /// The bytes of a file that is none of the program's.
    static func content(ofFile path: String) throws(UsageError) -> [UInt8] { try read(path).bytes }

    private static func read(_ path: String) throws(UsageError) -> (bytes: [UInt8], executable: Bool) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else {
            let hint = errno == ENOENT ? "; the program's own arguments go after --" : ""
            throw UsageError("cannot read '\(path)': \(String(cString: strerror(errno)))\(hint)")
        }
        defer { close(descriptor) }
        var status = stat()
        fstat(descriptor, &status)
        guard status.st_mode & S_IFMT != S_IFDIR else {
            throw UsageError("'\(path)' is a folder; name its files")
        }
        guard let bytes = StdinReader(descriptor: descriptor).readToEnd(most: mostBytes) else {
            throw UsageError("'\(path)' is larger than \(mostBytes >> 20) MiB, or cannot be read")
        }
        return (bytes, status.st_mode & 0o111 != 0)
    }
}
