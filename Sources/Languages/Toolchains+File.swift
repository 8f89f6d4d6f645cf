internal import Glibc
package import Posix

extension Toolchains {
    /// The file could not be read or is not of the form.
    package struct Unreadable: Error, Hashable, CustomStringConvertible {
        package var description: String
    }

    /// `DIATOM_TOOLCHAINS`, else the machine's file for root and the user's own for others.
    package static func path(environment: [String: String], isRoot: Bool) -> String {
        if let path = environment["DIATOM_TOOLCHAINS"], !path.isEmpty { return path }
        if isRoot { return "/etc/diatom/toolchains.conf" }
        if let folder = environment["XDG_CONFIG_HOME"], folder.hasPrefix("/") {
            return folder + "/diatom/toolchains.conf"
        }
        return (environment["HOME"] ?? "/nonexistent") + "/.config/diatom/toolchains.conf"
    }

    /// Reads the file; none is fine.
    package static func load(_ path: String) throws(Unreadable) -> Toolchains {
        guard SmallFile.exists(path) else { return Toolchains() }
        do throws(SystemFailure) {
            return try parse(try SmallFile.read(path), path)
        } catch {
            throw Unreadable(description: "\(error)")
        }
    }

    private static func parse(_ text: String, _ path: String) throws(SystemFailure) -> Toolchains {
        do throws(Invalid) {
            return try Toolchains(parsing: text)
        } catch {
            let why =
                switch error {
                case .line(let number): "line \(number) is not of the form 'ID = /FOLDER'"
                case .tooMany: "there are more than \(most) toolchains"
                }
            throw SystemFailure(operation: "read \(path): \(why)", code: EINVAL)
        }
    }

    /// Replaces the file as a whole, so that nobody ever reads half of it; folders above it are made.
    package func save(to path: String) throws(SystemFailure) {
        var made = ""
        for name in path.split(separator: "/").dropLast() {
            made += "/\(name)"
            if mkdir(made, 0o755) < 0, errno != EEXIST {
                throw SystemFailure(operation: "mkdir \(made)", code: errno)
            }
        }
        let fresh = path + ".new"
        let flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW
        do {
            let fd = Descriptor(adopting: try check("create \(fresh)") { open(fresh, flags, 0o644) })
            try SmallFile.write(fd.rawValue, text, name: fresh)
            try check("fsync \(fresh)") { fsync(fd.rawValue) }
        }
        try check("rename \(fresh)") { rename(fresh, path) }
    }
}
