internal import Glibc

/// Whole reads and writes of files that the kernel makes up, such as those of control groups.
package enum SmallFile {
    /// Reads at most `limit` bytes.
    package static func read(_ path: String, limit: Int = 65_536) throws(SystemFailure) -> String {
        let fd = Descriptor(adopting: try check("open \(path)") { open(path, O_RDONLY | O_CLOEXEC) })
        return String(decoding: try read(fd.rawValue, limit: limit), as: UTF8.self)
    }

    /// Reads from the start of an open file, wherever its offset stands.
    package static func read(_ fd: Int32, limit: Int = 65_536) throws(SystemFailure) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: min(limit, 4096))
        while bytes.count < limit {
            let room = min(chunk.count, limit - bytes.count)
            let count = try check("pread") { pread(fd, &chunk, room, off_t(bytes.count)) }
            if count == 0 { break }
            bytes.append(contentsOf: chunk[0..<count])
        }
        return bytes
    }

    /// Writes the text in one call to an existing file.
    package static func write(_ path: String, _ text: String) throws(SystemFailure) {
        let fd = Descriptor(adopting: try check("open \(path)") { open(path, O_WRONLY | O_CLOEXEC) })
        let bytes = Array(text.utf8)
        try check("write \(path)") { Glibc.write(fd.rawValue, bytes, bytes.count) }
    }

    /// Writes at the start of an open file, wherever its offset stands.
    package static func write(_ fd: Int32, _ text: String, name: @autoclosure () -> String)
        throws(SystemFailure)
    {
        let bytes = Array(text.utf8)
        try check("write \(name())") { pwrite(fd, bytes, bytes.count, 0) }
    }

    package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    package static func isWritable(_ path: String) -> Bool { access(path, W_OK) == 0 }

    /// Whether the file system that holds a path is mounted read-only.
    package static func isReadOnly(_ path: String) -> Bool {
        var state = statvfs()
        return statvfs(path, &state) == 0 && state.f_flag & UInt(ST_RDONLY) != 0
    }

    /// The names in a folder, in no order; none where it cannot be read.
    package static func names(in path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
