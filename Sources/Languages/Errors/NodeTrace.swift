internal import Domain

/// What Node prints when an error ends a program: the place, its line with a mark, the error and its stack.
///
/// An error of Node's own loader or of a rejected promise has a place inside Node; then the first frame of the
/// user's says where.
struct NodeTrace {
    private let lines: [ArraySlice<UInt8>]
    private let home: String

    init(_ text: [UInt8], home: String) {
        lines = GuestErrorReader.lines(of: text)
        self.home = home
    }

    private struct Place {
        var file: String
        var line: Int
        var column: Int?
    }

    private static let footer = Array("Node.js v".utf8)
    private static let frameLine = Array("    at ".utf8)
    private static let hint = Array("(Use `node ".utf8)
    private static let uncaught = Array("Uncaught:".utf8)
    private static let url = Array("file://".utf8)

    var error: GuestError? {
        let end = lines.lastIndex { $0.starts(with: Self.footer) } ?? lines.endIndex
        guard let (head, mark) = head(before: end) else { return nil }
        var start = mark + 1
        while start < end, lines[start].isEmpty { start += 1 }
        guard start < end, var error = exception(lines[start..<end]) else { return nil }
        fill(&error, head: head, mark: mark, stack: lines[start..<end])
        return error
    }

    /// The last line that names a place and has a mark two or three lines below it.
    private func head(before end: Int) -> (head: Int, mark: Int)? {
        for index in lines[..<end].indices.reversed() where isPlace(lines[index]) {
            for mark in (index + 2)...(index + 3) where mark < end && isMark(lines[mark]) {
                return (index, mark)
            }
        }
        return nil
    }

    private func isPlace(_ line: ArraySlice<UInt8>) -> Bool {
        guard line.count <= 4096, let colon = line.lastIndex(of: UInt8(ascii: ":")) else { return false }
        let isFile = line.first == UInt8(ascii: "/") || line.starts(with: Self.url)
        return (isFile || line.starts(with: Array("node:".utf8)))
            && LinePattern.number(line[(colon + 1)...]) != nil
    }

    private func isMark(_ line: ArraySlice<UInt8>) -> Bool {
        let mark = line.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        return !mark.isEmpty && mark.allSatisfy { $0 == UInt8(ascii: "^") }
    }

    /// Reads `Name [CODE]: message`, the message down to the first frame.
    private func exception(_ lines: ArraySlice<ArraySlice<UInt8>>) -> GuestError? {
        var block = lines.prefix { !$0.starts(with: Self.frameLine) && !$0.starts(with: Self.hint) }
        let isThrownValue = block.first?.elementsEqual(Self.uncaught) ?? false
        if isThrownValue { block = block.dropFirst() }
        guard let first = block.first else { return nil }
        let end = LinePattern.index(of: Array(": ".utf8), in: first) ?? first.endIndex
        let name = Self.name(first[..<end])
        var message = Array(name == nil ? first : first[min(end + 2, first.endIndex)...])
        for line in block.dropFirst() where message.count <= GuestErrorReader.longestMessage {
            message.append(UInt8(ascii: "\n"))
            message += line
        }
        while message.last == UInt8(ascii: "\n") { message.removeLast() }
        return GuestError(
            name: name ?? (isThrownValue ? "Uncaught" : "Error"),
            message: GuestErrorReader.text(message[...], most: GuestErrorReader.longestMessage))
    }

    /// The name of an error's class, without the code that Node's own errors have.
    private static func name(_ bytes: ArraySlice<UInt8>) -> String? {
        var name = bytes
        if name.last == UInt8(ascii: "]"), let code = LinePattern.index(of: Array(" [".utf8), in: name) {
            name = name[..<code]
        }
        let text = String(decoding: name.prefix(257), as: UTF8.self)
        guard (1...256).contains(name.count), !text.contains(" "), text.first?.isLetter ?? false else {
            return nil
        }
        return text
    }
}

extension NodeTrace {
    private func fill(
        _ error: inout GuestError, head: Int, mark: Int, stack: ArraySlice<ArraySlice<UInt8>>
    ) {
        let frames = stack.filter { $0.starts(with: Self.frameLine) }.compactMap(frame)
        var place = frames.first?.place
        if var own = self.place(lines[head]) {
            let column = lines[mark].firstIndex(of: UInt8(ascii: "^")).map { $0 - lines[mark].startIndex + 1 }
            let same = frames.first { $0.place.file == own.file && $0.place.line == own.line }
            own.column = same?.place.column ?? column
            place = own
        }
        error.file = place?.file
        error.line = place?.line
        error.column = place?.column
        let kept = frames.prefix(GuestErrorReader.mostFrames)
        error.frames = kept.filter { !$0.function.isEmpty }.map {
            .init(file: $0.place.file, line: $0.place.line, function: $0.function)
        }
        let message = error.message.split(separator: "\n", omittingEmptySubsequences: false)
        error.traceback = [message[0].isEmpty ? error.name : "\(error.name): \(message[0])"]
        error.traceback += message.dropFirst().prefix(GuestErrorReader.mostFrames).map(String.init)
        error.traceback += kept.map { frame in
            let place = "\(frame.place.file):\(frame.place.line):\(frame.place.column ?? 0)"
            return frame.function.isEmpty ? "    at \(place)" : "    at \(frame.function) (\(place))"
        }
    }

    /// Reads `    at NAME (PATH:LINE:COLUMN)` and `    at PATH:LINE:COLUMN`; nil where the file is not the user's.
    private func frame(_ line: ArraySlice<UInt8>) -> (function: String, place: Place)? {
        var rest = line.dropFirst(Self.frameLine.count).prefix(GuestErrorReader.longestLine)
        var function = ""
        if rest.last == UInt8(ascii: ")"), let open = rest.lastIndex(of: UInt8(ascii: "(")) {
            let name = rest[..<open].split(separator: UInt8(ascii: " "), omittingEmptySubsequences: true)
            function = GuestErrorReader.text(
                Array(name.joined(separator: [UInt8(ascii: " ")]))[...], most: 256)
            rest = rest[(open + 1)...].dropLast()
        }
        guard let colon = rest.lastIndex(of: UInt8(ascii: ":")),
            let column = LinePattern.number(rest[(colon + 1)...]), var place = place(rest[..<colon])
        else { return nil }
        place.column = column
        return (function, place)
    }

    /// Reads `PATH:LINE`; nil where the file is not the user's.
    private func place(_ text: ArraySlice<UInt8>) -> Place? {
        var text = text
        if text.starts(with: Array("async ".utf8)) { text = text.dropFirst(6) }
        if text.starts(with: Self.url) { text = text.dropFirst(Self.url.count) }
        guard let colon = text.lastIndex(of: UInt8(ascii: ":")),
            let line = LinePattern.number(text[(colon + 1)...]), text.first == UInt8(ascii: "/"),
            let own = GuestErrorReader.ownPath(String(decoding: text[..<colon], as: UTF8.self), home: home)
        else { return nil }
        return Place(file: own, line: line)
    }
}
