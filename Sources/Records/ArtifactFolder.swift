internal import Domain
internal import Glibc

/// Files by their content: what two runs gave back alike is kept once.
struct ArtifactFolder: Sendable {
    let path: String

    init(_ path: String) throws(StorageFailure) {
        self.path = path
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw StorageFailure(
                "the folder of artifacts cannot be made: \(String(cString: strerror(errno)))")
        }
    }

    /// Keeps a content, unless it is there.
    ///
    /// - Returns: Its SHA-256 in hexadecimal.
    func keep(_ content: [UInt8]) throws(StorageFailure) -> String {
        let hash = Hexadecimal.encode(Digest.of(content))
        let place = place(of: hash)
        if access(place, F_OK) == 0 { return hash }
        mkdir(path + "/" + hash.prefix(2), 0o700)
        try RecordFile.write(place, content)
        return hash
    }

    /// nil where it is gone, or is not what it was.
    func content(_ hash: String) throws(StorageFailure) -> [UInt8]? {
        guard Self.isHash(hash), let content = try RecordFile.read(place(of: hash)) else { return nil }
        return Hexadecimal.encode(Digest.of(content)) == hash ? content : nil
    }

    func remove(_ hash: String) { if Self.isHash(hash) { unlink(place(of: hash)) } }

    /// All contents that are older than a time in seconds since 1970, and drafts that nobody finished.
    func all(olderThan time: Int) -> [String] {
        var found: [String] = []
        for prefix in Self.names(in: path) where prefix.utf8.count == 2 {
            for name in Self.names(in: path + "/" + prefix) {
                let place = path + "/" + prefix + "/" + name
                var status = stat()
                guard lstat(place, &status) == 0, status.st_mtim.tv_sec < time else { continue }
                if Self.isHash(name) { found.append(name) } else { unlink(place) }
            }
        }
        return found
    }

    private func place(of hash: String) -> String { path + "/" + hash.prefix(2) + "/" + hash }

    private static func isHash(_ text: String) -> Bool {
        text.utf8.count == 64 && Hexadecimal.decode(text) != nil
    }

    private static func names(in path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names
    }
}
