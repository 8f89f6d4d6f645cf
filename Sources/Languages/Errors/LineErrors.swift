internal import Domain

/// The failure that lines of standard error tell of, by a pack's rows.
struct LineErrors {
    private let lines: [ArraySlice<UInt8>]
    private let rows: [ErrorRules.Line]
    private let home: String
    private let sources: [SourceFile]

    /// How far below a line its place or message may stand.
    private static let reach = 200

    init(_ lines: [ArraySlice<UInt8>], rows: [ErrorRules.Line], home: String, sources: [SourceFile]) {
        self.lines = lines
        self.rows = rows
        self.home = home
        self.sources = sources
    }

    func error(_ take: ErrorRules.Take) -> GuestError? {
        switch take {
        case .first: lines.indices.lazy.compactMap(error(at:)).first
        case .last: lines.indices.reversed().lazy.compactMap(error(at:)).first
        }
    }

    /// All of them from the top, each once.
    func all(most: Int) -> [GuestError] {
        var errors: [GuestError] = []
        var seen: Set<GuestError> = []
        for index in lines.indices where errors.count < most {
            guard let error = error(at: index), seen.insert(error).inserted else { continue }
            errors.append(error)
        }
        return errors
    }

    private func error(at index: Int) -> GuestError? {
        for row in rows {
            guard let captures = row.pattern.match(lines[index]) else { continue }
            if let text = row.contains, !captures.message.contains(text) { continue }
            return row.isPassedOver ? nil : error(row, captures, at: index)
        }
        return nil
    }

    private func error(
        _ row: ErrorRules.Line, _ captures: LinePattern.Captures, at index: Int
    ) -> GuestError {
        var error = GuestError(name: captures.name ?? row.name ?? "", message: captures.message)
        // A line about a file that is not the user's is still the reason, but points nowhere.
        let path = captures.file.flatMap(ownPath)
        if captures.file == nil || path != nil { place(&error, captures, at: path) }
        error.traceback = [shortened(index)]
        var from = index + 1
        for pattern in row.then {
            let below = from..<max(from, min(lines.count, from + Self.reach))
            guard let found = find(pattern, in: below) else { continue }
            if error.line == nil { place(&error, found.captures, at: found.path) }
            if let name = found.captures.name { error.name = name }
            if error.message.isEmpty { error.message = found.captures.message }
            error.traceback.append(shortened(found.index))
            from = found.index + 1
        }
        for pattern in row.above where error.line == nil {
            guard let found = find(pattern, in: (max(0, index - Self.reach)..<index).reversed()) else {
                continue
            }
            place(&error, found.captures, at: found.path)
            error.traceback.insert(shortened(found.index), at: 0)
        }
        return error
    }

    /// Runtimes that leave out a file's folders mean the given one of that name.
    private func ownPath(_ file: String) -> String? {
        let given = file.hasPrefix("/") ? nil : GuestErrorReader.givenPath(file, home: home, sources: sources)
        return given ?? GuestErrorReader.ownPath(file, home: home)
    }

    private func place(_ error: inout GuestError, _ captures: LinePattern.Captures, at file: String?) {
        error.file = file
        error.line = captures.line
        error.column = captures.column
    }

    private struct Found {
        var index: Int
        var captures: LinePattern.Captures
        var path: String?
    }

    /// The first of these lines that fits and, where it names a file, names one of the user's.
    private func find(_ pattern: LinePattern, in places: some Sequence<Int>) -> Found? {
        for index in places {
            guard let captures = pattern.match(lines[index]) else { continue }
            guard let file = captures.file else { return Found(index: index, captures: captures) }
            if let path = GuestErrorReader.givenPath(file, home: home, sources: sources) {
                return Found(index: index, captures: captures, path: path)
            }
        }
        return nil
    }

    private func shortened(_ index: Int) -> String {
        String(decoding: lines[index].prefix(GuestErrorReader.longestLine), as: UTF8.self)
    }
}
