package import Domain

/// Reads what a program printed about its own failure.
///
/// The bytes are hostile: the last 64 KiB count, frames, messages and lines are bounded, every step takes
/// time in proportion to its input, and the result is the guest's word only.
package enum GuestErrorReader {
    package static let mostBytes = 64 << 10
    package static let mostFrames = 64
    package static let longestMessage = 4 << 10
    /// Of one line of a traceback.
    package static let longestLine = 1 << 10
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
        let tail = Array(stderr.suffix(mostBytes))
        switch rules {
        case .python: return PythonTraceback(tail, home: home, sources: sources).error
        case .node: return NodeTrace(tail, home: home).error
        case .lines(let take, let rows): return read(rows, take: take, lines: lines(of: tail), home: home)
        }
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

    private static func read(
        _ rows: [ErrorRules.Line], take: ErrorRules.Take, lines: [ArraySlice<UInt8>], home: String
    ) -> GuestError? {
        switch take {
        case .first: lines.lazy.compactMap { read(rows, line: $0, home: home) }.first
        case .last: lines.reversed().lazy.compactMap { read(rows, line: $0, home: home) }.first
        }
    }

    private static func read(_ rows: [ErrorRules.Line], line: ArraySlice<UInt8>, home: String) -> GuestError?
    {
        for row in rows {
            guard let captures = row.pattern.match(line) else { continue }
            if let text = row.contains, !captures.message.contains(text) { continue }
            guard let name = row.name else { return nil }
            var error = GuestError(name: name, message: captures.message)
            if let file = captures.file {
                // A line about a file that is not the user's is still the reason, but points nowhere.
                error.file = ownPath(file, home: home)
                error.line = error.file == nil ? nil : captures.line
                error.column = error.file == nil ? nil : captures.column
            }
            error.traceback = [String(decoding: line.prefix(longestLine), as: UTF8.self)]
            return error
        }
        return nil
    }
}
