internal import Domain
internal import Glibc
internal import Posix
internal import Synchronization
internal import Wire
internal import Workers

/// The files of a session.
extension Session {
    func state(ofFile path: String) async throws(RequestError) -> FileState {
        try await using { () async throws(RequestError) in
            let answer = try await ask(SessionRequestKind.state, "file", try Self.checked(path))
            return Self.state(answer, path)
        }
    }

    func openFile(_ path: String) async throws(RequestError) -> (FileState, any FileContent) {
        try await using { () async throws(RequestError) in
            let answer = try await ask(SessionRequestKind.open, "file", try Self.checked(path))
            guard let descriptor = answer.descriptor else {
                throw SessionProblem.error(EISDIR, what: "file", path: path)
            }
            return (Self.state(answer, path), OpenFile(descriptor))
        }
    }

    func createFile(_ path: String, mode: UInt32) async throws(RequestError) -> any FileWriter {
        try await using { () async throws(RequestError) in
            let answer = try await ask(SessionRequestKind.create, "file", mode: mode, try Self.checked(path))
            guard let descriptor = answer.descriptor else {
                throw SessionProblem.error(EIO, what: "file", path: path)
            }
            return WrittenFile(descriptor, path: path)
        }
    }

    func list(_ path: String, depth: Int, most: Int) async throws(RequestError) -> [FileState] {
        try await using { () async throws(RequestError) in
            var all: [FileState] = []
            var folders = [(path: try Self.absolute(path), depth: 1)]
            while !folders.isEmpty {
                let (folder, level) = folders.removeFirst()
                let request = InitRequest(SessionRequestKind.list, Array(folder.utf8))
                let answers = await sandbox.exchange(request, descriptors: [], afterSending: nil)
                guard let last = answers.last else {
                    throw SessionProblem.error(ECONNRESET, what: "", path: "")
                }
                // A folder that has gone meanwhile is none that was asked for.
                if last.error != 0 {
                    guard level > 1 else {
                        throw SessionProblem.error(last.error, what: "folder", path: folder)
                    }
                    continue
                }
                for answer in answers { all += DirectoryEntries.read(answer.text, in: folder) }
                guard all.count <= most else {
                    throw RequestError(
                        .tooLarge, "list: more than \(most) entries; list a folder of it, or less depth")
                }
                guard level < depth else { continue }
                folders += all.suffix(from: 0).filter {
                    $0.kind == .folder && $0.path.hasPrefix(folder) && Self.isChild($0.path, of: folder)
                }
                .map { ($0.path, level + 1) }
            }
            return all
        }
    }

    private static func isChild(_ path: String, of folder: String) -> Bool {
        let start = folder.hasSuffix("/") ? folder : folder + "/"
        return path.hasPrefix(start) && !path.dropFirst(start.count).contains("/")
    }

    func makeFolder(_ path: String) async throws(RequestError) {
        try await using { () async throws(RequestError) in
            try await ask(SessionRequestKind.folder, "folder", try Self.checked(path))
        }
    }

    func move(_ path: String, to target: String) async throws(RequestError) {
        try await using { () async throws(RequestError) in
            try await ask(SessionRequestKind.move, "move", try Self.checked(path), try Self.checked(target))
        }
    }

    func remove(_ path: String) async throws(RequestError) {
        try await using { () async throws(RequestError) in
            try await ask(SessionRequestKind.remove, "file", try Self.checked(path))
        }
    }

    func watch(_ path: String) async throws(RequestError) -> AsyncStream<FileChange> {
        try await using { () async throws(RequestError) in
            let answer = try await ask(SessionRequestKind.watch, "watch", try Self.checked(path))
            guard let descriptor = answer.descriptor else {
                throw SessionProblem.error(EIO, what: "watch", path: path)
            }
            return FolderWatch.changes(descriptor)
        }
    }

    private static func checked(_ path: String) throws(RequestError) -> String {
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw RequestError(.invalidValue, "path: is empty, or has a NUL in it", field: "path")
        }
        return path
    }

    private static func absolute(_ path: String) throws(RequestError) -> String {
        let path = try checked(path)
        return path.hasPrefix("/") ? path : path == "." ? "/home/user" : "/home/user/\(path)"
    }

    private static func state(_ answer: InitAnswer, _ path: String) -> FileState {
        let whole = path.hasPrefix("/") ? path : "/home/user/\(path)"
        let name = whole.split(separator: "/").last.map(String.init) ?? "/"
        return FileState(
            name: name, path: whole, kind: DirectoryEntries.kind(answer.fileKind),
            size: Int(clamping: answer.size),
            mode: answer.mode, modified: answer.modified)
    }
}

/// A file that was opened for a client.
private final class OpenFile: FileContent {
    private let descriptor: SharedDescriptor

    init(_ descriptor: SharedDescriptor) { self.descriptor = descriptor }

    func read(at offset: Int, count: Int) throws(RequestError) -> [UInt8] {
        var got = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, used in
            got = pread(descriptor.rawValue, buffer.baseAddress, count, off_t(offset))
            used = max(0, got)
        }
        if got < 0 { throw SessionProblem.error(errno, what: "file", path: "") }
        return bytes
    }
}

private final class WrittenFile: FileWriter {
    private let descriptor: SharedDescriptor
    private let path: String

    init(_ descriptor: SharedDescriptor, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    func write(_ bytes: [UInt8]) throws(RequestError) {
        do throws(SystemFailure) { try writeAll(descriptor.rawValue, bytes) } catch {
            throw SessionProblem.error(error.code, what: "file", path: path)
        }
    }
}
