internal import Glibc

/// A folder by its path, and the folders above it.
package enum FolderPath {
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
