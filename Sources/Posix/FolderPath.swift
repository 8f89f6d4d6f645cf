internal import Glibc

/// A folder by its path, and the folders above it.
package enum FolderPath {
    /// The same folder by a path that holds wherever one stands; as it was given where there is none.
    package static func absolute(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// Makes what is missing, as `mkdir -p` does; only the last is closed to others.
    package static func make(_ path: String) {
        var made = path.hasPrefix("/") ? "" : "."
        let names = path.split(separator: "/")
        for (index, name) in names.enumerated() {
            made += "/\(name)"
            mkdir(made, index == names.count - 1 ? 0o700 : 0o755)
        }
    }
}
