internal import Domain

/// Paths that can all be laid into one folder; compared byte for byte, as the file system does.
struct PathTree {
    private var files: Set<[UInt8]> = []
    private var folders: Set<[UInt8]> = []

    /// Adds a path, or says why it cannot stand beside the others.
    mutating func insert(_ path: WorkspacePath) -> String? {
        let bytes = Array(path.description.utf8)
        guard !folders.contains(bytes) else { return "is also a folder of another file" }
        for index in bytes.indices where bytes[index] == UInt8(ascii: "/") {
            let folder = Array(bytes[..<index])
            guard !files.contains(folder) else { return "lies below a path that is a file itself" }
            folders.insert(folder)
        }
        return files.insert(bytes).inserted ? nil : "is given twice"
    }
}
