internal import Domain
internal import Glibc
internal import Languages
internal import Posix

/// Finds out how old an installed program's version is: by Debian's changelog, else by its file.
enum ReleaseFinder {
    static func release(ofProgram path: String) -> Release? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        let file = String(cString: resolved)
        return package(of: file).flatMap(changelog).flatMap { Release.inChangelog($0) } ?? date(of: file)
    }

    /// The package that a file is of; Debian knows some by where they were before `/bin` became a link.
    private static func package(of file: String) -> String? {
        let query = "/usr/bin/dpkg-query"
        guard access(query, X_OK) == 0 else { return nil }
        let places = file.hasPrefix("/usr/") ? [file, String(file.dropFirst(4))] : [file]
        for place in places {
            let answer = String(decoding: Answer.of(query, ["--search", place]), as: UTF8.self)
            for line in answer.split(separator: "\n") where line.hasSuffix(": \(place)") {
                let name = line.prefix { $0 != ":" && $0 != "," }
                if isName(name) { return String(name) }
            }
        }
        return nil
    }

    private static func isName(_ text: Substring) -> Bool {
        text.first?.isLetter == true
            && text.utf8.allSatisfy { byte in
                (byte | 32 >= 97 && byte | 32 <= 122) || (byte >= 48 && byte <= 57)
                    || [43, 45, 46].contains(byte)
            }
    }

    private static func changelog(of package: String) -> String? {
        let path = "/usr/share/doc/\(package)/changelog.Debian.gz"
        guard SmallFile.exists(path) else { return nil }
        return String(decoding: Answer.of("/usr/bin/gzip", ["-dc", path], most: 1 << 20), as: UTF8.self)
    }

    private static func date(of file: String) -> Release? {
        var state = stat()
        guard stat(file, &state) == 0 else { return nil }
        return Release(day: CivilDate(seconds: Int64(state.st_mtim.tv_sec)), source: .file)
    }
}
