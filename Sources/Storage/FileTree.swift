internal import Glibc
internal import Posix

/// Work on folders below an open one, following no link.
enum FileTree {
    static let folder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC

    static func open(_ name: String, in parent: Int32, _ flags: Int32 = folder) throws(SystemFailure)
        -> Descriptor
    {
        Descriptor(adopting: try check("openat of \(name)") { openat(parent, name, flags) })
    }

    static func make(_ name: String, in parent: Int32, mode: mode_t) throws(SystemFailure) {
        if mkdirat(parent, name, mode) != 0, errno != EEXIST {
            throw SystemFailure(operation: "mkdirat of \(name)", code: errno)
        }
    }

    /// What is in a folder; nothing where that cannot be told.
    static func names(in parent: Int32) -> [String] { (try? list(parent)) ?? [] }

    static func list(_ parent: Int32) throws(SystemFailure) -> [String] {
        let raw = try check("openat of a folder") { openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard let stream = fdopendir(raw) else {
            close(raw)
            throw SystemFailure(operation: "fdopendir", code: errno)
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Removes a file, or a folder with all that is in it, however deep; read-only folders are ours to open.
    static func remove(_ name: String, in parent: Int32, depth: Int = 0) {
        if unlinkat(parent, name, 0) == 0 || errno == ENOENT || depth > 64 { return }
        let raw = openat(parent, name, folder)
        guard raw >= 0 else { return }
        let opened = Descriptor(adopting: raw)
        fchmod(opened.rawValue, 0o700)
        for inner in names(in: opened.rawValue) { remove(inner, in: opened.rawValue, depth: depth + 1) }
        unlinkat(parent, name, AT_REMOVEDIR)
    }

    /// A small regular file whole; nil where there is none.
    static func read(_ name: String, in parent: Int32, most: Int) -> [UInt8]? {
        let raw = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard raw >= 0 else { return nil }
        let file = Descriptor(adopting: raw)
        var state = stat()
        guard fstat(file.rawValue, &state) == 0, state.st_mode & S_IFMT == S_IFREG, state.st_size <= most
        else {
            return nil
        }
        let size = Int(state.st_size)
        var done = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, used in
            while done < size {
                let count = pread(raw, buffer.baseAddress?.advanced(by: done), size - done, off_t(done))
                if count < 0, errno == EINTR { continue }
                if count <= 0 { break }
                done += count
            }
            used = done
        }
        return bytes
    }

    static func write(_ bytes: ArraySlice<UInt8>, to file: Int32) throws(SystemFailure) {
        var rest = bytes
        while !rest.isEmpty {
            let count = try check("write") {
                rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            }
            rest = rest.dropFirst(count)
        }
    }

    /// Nanoseconds since 1970 of a file's last change, to which its last use is set.
    static func used(_ state: stat) -> Int64 {
        Int64(state.st_mtim.tv_sec) * 1_000_000_000 + Int64(state.st_mtim.tv_nsec)
    }
}
