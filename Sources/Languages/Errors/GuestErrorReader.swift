package import Domain

/// Reads what a program printed about its own failure.
///
/// The bytes are hostile: 64 KiB count (the first where the first error does, else the last), frames, messages and lines are bounded, every step takes
/// time in proportion to its input, and the result is the guest's word only.
package enum GuestErrorReader {
    package static let mostBytes = 64 << 10
    package static let mostFrames = 64
    package static let longestMessage = 4 << 10
    /// Of one line of a traceback.
    package static let longestLine = 1 << 10
    /// Of errors that a compiler reports.
    package static let mostErrors = 100
    /// Where the workspace lies inside a sandbox.
    package static let home = "/home/user"

    /// Reads the error that ended a step.
    ///
    /// `stderr`: All of it, or at least its end.
    /// `exitCode`: Nil when a signal ended the step; 0 means that there is no error to read.
    /// `sources`: The given files, which tell how far a quoted line was indented.
    /// `home`: Paths below it are the user's own and are reported relative to it.
    package static func read(
        _ rules: ErrorRules, stderr: some Collection<UInt8>, exitCode: Int32?, sources: [SourceFile] = [],
        home: String = home
    ) -> GuestError? {
        guard exitCode != 0, !stderr.isEmpty else { return nil }
        switch rules {
        case .python:
            return PythonTraceback(Array(stderr.suffix(mostBytes)), home: home, sources: sources).error
        case .node: return NodeTrace(Array(stderr.suffix(mostBytes)), home: home).error
        case .lines(let take, let rows):
            return LineErrors(part(stderr, take), rows: rows, home: home, sources: sources).error(take)
        }
    }

    /// Reads all errors that a compiler reports, the first ``mostErrors`` of the first ``mostBytes``.
    ///
    /// One that is said twice of the same place counts once: compilers repeat what is wrong in a header.
    package static func readAll(
        _ rules: ErrorRules, stderr: some Collection<UInt8>, exitCode: Int32?, sources: [SourceFile] = [],
        home: String = home
    ) -> [GuestError] {
        guard case .lines(.first, let rows) = rules else {
            return read(rules, stderr: stderr, exitCode: exitCode, sources: sources, home: home).map { [$0] }
                ?? []
        }
        guard exitCode != 0 else { return [] }
        return LineErrors(part(stderr, .first), rows: rows, home: home, sources: sources).all(
            most: mostErrors)
    }

    /// The lines that count: the first ones where the first error does, else the last.
    private static func part(
        _ stderr: some Collection<UInt8>, _ take: ErrorRules.Take
    ) -> [ArraySlice<UInt8>] {
        lines(of: take == .first ? Array(stderr.prefix(mostBytes)) : Array(stderr.suffix(mostBytes)))
    }

    /// Lines without their ends.
    static func lines(of text: [UInt8]) -> [ArraySlice<UInt8>] {
        var lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for index in lines.indices where lines[index].last == UInt8(ascii: "\r") { lines[index].removeLast() }
        return lines
    }

    /// Cuts at a character's boundary.
    static func text(_ bytes: ArraySlice<UInt8>, most: Int) -> String {
        var bytes = bytes
        if bytes.count > most {
            bytes = bytes.prefix(most)
            while let last = bytes.last, last & 0xc0 == 0x80 { bytes.removeLast() }
            if let last = bytes.last, last >= 0xc0 { bytes.removeLast() }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The path as the user gave it, or nil when the file is not the user's.
    static func ownPath(_ path: String, home: String) -> String? {
        var path = path[...]
        if path.hasPrefix(home + "/") { path = path.dropFirst(home.count + 1) }
        while path.hasPrefix("./") { path = path.dropFirst(2) }
        guard !path.hasPrefix("<"), let own = try? WorkspacePath(parsing: String(path)) else { return nil }
        return own.description
    }

    /// The path of a given file that a line below the failure's own names, or nil when it names another.
    static func givenPath(_ path: String, home: String, sources: [SourceFile]) -> String? {
        let own = ownPath(path, home: home)
        if sources.isEmpty || sources.contains(where: { $0.path.description == own }) { return own }
        // Many runtimes leave out a file's folders, some put others before them.
        let named = sources.map(\.path.description).filter {
            $0.hasSuffix("/" + path) || path.hasSuffix("/" + $0)
        }
        let longest = named.max { $0.utf8.count < $1.utf8.count }
        return named.count == 1 || path.contains("/") ? longest : nil
    }
}
