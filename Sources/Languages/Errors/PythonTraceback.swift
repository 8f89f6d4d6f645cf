internal import Domain

/// The last traceback of a Python program's standard error.
///
/// Chained exceptions print several tracebacks, the one that ended the program last. A group prints its
/// members indented below itself; the group is the error. Tracebacks under `Exception ignored in:` or
/// `Exception in thread` did not end the program and count only where there is no other.
struct PythonTraceback {
    private let lines: [ArraySlice<UInt8>]
    private let home: String
    private let sources: [SourceFile]

    init(_ text: [UInt8], home: String, sources: [SourceFile]) {
        lines = GuestErrorReader.lines(of: text)
        self.home = home
        self.sources = sources
    }

    private static let header = Array("Traceback (most recent call last):".utf8)
    private static let groupHeader = Array("  + Exception Group Traceback (most recent call last):".utf8)
    private static let groupLine = Array("  | ".utf8)
    private static let frameLine = Array("  File \"".utf8)
    private static let ignored = Array("Exception ignored ".utf8)
    private static let inThread = Array("Exception in thread ".utf8)

    var error: GuestError? {
        guard let block = lastBlock() else { return nil }
        let split = block.firstIndex { $0.first != UInt8(ascii: " ") && !$0.isEmpty } ?? block.endIndex
        guard split < block.endIndex, var error = Self.exception(block[split...]) else { return nil }
        fill(&error, stack: block[..<split])
        return error
    }

    /// The lines after the last header, without the margin of a group.
    private func lastBlock() -> ArraySlice<ArraySlice<UInt8>>? {
        var side: Int?
        for index in lines.indices.reversed() {
            if lines[index].elementsEqual(Self.groupHeader) { return groupBlock(after: index) }
            guard lines[index].elementsEqual(Self.header) else { continue }
            guard index > 0, Self.isAside(lines[index - 1]) else {
                return lines[(index + 1)...]
            }
            side = side ?? index
        }
        if let side { return lines[(side + 1)...] }
        // A syntax error in the program itself has no header, a very long traceback lost it.
        guard var start = lines.lastIndex(where: { $0.starts(with: Self.frameLine) }) else { return nil }
        while start > 0, lines[start - 1].first == UInt8(ascii: " ") { start -= 1 }
        return lines[start...]
    }

    private func groupBlock(after header: Int) -> ArraySlice<ArraySlice<UInt8>> {
        lines[(header + 1)...].prefix { $0.starts(with: Self.groupLine) }
            .map { $0.dropFirst(Self.groupLine.count) }[...]
    }

    /// Reads `module.Name: message`, the message to the end of the text.
    private static func exception(_ lines: ArraySlice<ArraySlice<UInt8>>) -> GuestError? {
        let first = lines[lines.startIndex]
        let end = LinePattern.index(of: Array(": ".utf8), in: first) ?? first.endIndex
        var name = first[..<end]
        if end == first.endIndex, name.last == UInt8(ascii: ":") { name.removeLast() }
        guard (1...256).contains(name.count), name.allSatisfy(isNameByte) else { return nil }
        let own = name.split(separator: UInt8(ascii: ".")).last ?? name
        var message = Array(first[min(end + 2, first.endIndex)...])
        for line in lines.dropFirst() {
            if message.count > GuestErrorReader.longestMessage || isAside(line) { break }
            message.append(UInt8(ascii: "\n"))
            message += line
        }
        while message.last == UInt8(ascii: "\n") { message.removeLast() }
        return GuestError(
            name: String(decoding: own, as: UTF8.self),
            message: GuestErrorReader.text(message[...], most: GuestErrorReader.longestMessage))
    }

    /// Whether a line announces an exception that does not end the program.
    private static func isAside(_ line: ArraySlice<UInt8>) -> Bool {
        line.starts(with: ignored) || line.starts(with: inThread)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."): true
        case UInt8(ascii: "<"), UInt8(ascii: ">"), 0x80...: true
        default: false
        }
    }
}

extension PythonTraceback {
    /// A user's own frame: where it stands and the lines printed below it.
    private struct Entry {
        var frame: GuestError.Frame
        var hasFunction: Bool
        var below: [ArraySlice<UInt8>] = []
    }

    private func fill(_ error: inout GuestError, stack: ArraySlice<ArraySlice<UInt8>>) {
        let entries = ownEntries(stack)
        if let last = entries.last {
            error.file = last.frame.file
            error.line = last.frame.line
            error.column = column(of: last)
        }
        let half = GuestErrorReader.mostFrames / 2
        let skipped = max(0, entries.count - GuestErrorReader.mostFrames)
        let kept = skipped == 0 ? entries : Array(entries.prefix(half) + entries.suffix(half))
        error.frames = kept.filter(\.hasFunction).map(\.frame)
        if !error.frames.isEmpty { error.traceback.append(String(decoding: Self.header, as: UTF8.self)) }
        for (index, entry) in kept.enumerated() {
            if skipped > 0, index == half { error.traceback.append("  [\(skipped) more frames]") }
            let place = "  File \"\(entry.frame.file)\", line \(entry.frame.line)"
            error.traceback.append(entry.hasFunction ? place + ", in \(entry.frame.function)" : place)
            error.traceback += entry.below.prefix(4).map {
                GuestErrorReader.text($0, most: GuestErrorReader.longestLine)
            }
        }
        let message = error.message.split(separator: "\n", omittingEmptySubsequences: false)
        error.traceback.append(error.message.isEmpty ? error.name : "\(error.name): \(message[0])")
        error.traceback += message.dropFirst().prefix(GuestErrorReader.mostFrames).map(String.init)
    }

    private func ownEntries(_ stack: ArraySlice<ArraySlice<UInt8>>) -> [Entry] {
        var entries: [Entry] = []
        var inOwn = false
        for line in stack {
            if line.starts(with: Self.frameLine) {
                let entry = entry(line)
                inOwn = entry != nil
                if let entry { entries.append(entry) }
            } else if inOwn {
                entries[entries.count - 1].below.append(line)
            }
        }
        return entries
    }

    /// Reads `  File "PATH", line N, in NAME`; nil when the file is not the user's.
    private func entry(_ line: ArraySlice<UInt8>) -> Entry? {
        let rest = line.dropFirst(Self.frameLine.count)
        guard let close = rest.lastIndex(of: UInt8(ascii: "\"")), close - rest.startIndex <= 1024 else {
            return nil
        }
        let path = String(decoding: rest[..<close], as: UTF8.self)
        guard let own = GuestErrorReader.ownPath(path, home: home) else { return nil }
        let mark = Array("\", line ".utf8)
        guard rest[close...].starts(with: mark) else { return nil }
        let place = rest[(close + mark.count)...]
        let digits = place.prefix { $0 != UInt8(ascii: ",") }
        guard let number = LinePattern.number(digits) else { return nil }
        let inMark = Array(", in ".utf8)
        let tail = place[digits.endIndex...]
        let hasFunction = tail.starts(with: inMark)
        let function = hasFunction ? GuestErrorReader.text(tail.dropFirst(inMark.count), most: 256) : ""
        return Entry(frame: .init(file: own, line: number, function: function), hasFunction: hasFunction)
    }

    /// The column of the first `^` below an entry, counted in the file's own line where that is known.
    private func column(of entry: Entry) -> Int? {
        let space = UInt8(ascii: " ")
        for (index, line) in entry.below.enumerated() where index > 0 {
            let marks = line.drop { $0 == space }
            guard marks.first == UInt8(ascii: "^") || marks.first == UInt8(ascii: "~") else { continue }
            guard let caret = marks.firstIndex(of: UInt8(ascii: "^")) else { return nil }
            let quoted = entry.below[index - 1].drop { $0 == space }
            // Python quotes the line behind four spaces, without its own indentation.
            let offset = caret - line.startIndex - 4
            guard offset >= 0 else { return nil }
            return offset + indentation(of: entry.frame, quoted: quoted) + 1
        }
        return nil
    }

    private func indentation(of frame: GuestError.Frame, quoted: ArraySlice<UInt8>) -> Int {
        guard let source = sources.first(where: { $0.path.description == frame.file }) else { return 0 }
        let lines = source.content.split(
            separator: UInt8(ascii: "\n"), maxSplits: frame.line, omittingEmptySubsequences: false)
        guard lines.indices.contains(frame.line - 1) else { return 0 }
        let line = lines[frame.line - 1]
        let text = line.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == 0x0c }
        return text.starts(with: quoted) ? text.startIndex - line.startIndex : 0
    }
}
