package import Domain
internal import JSON

/// `requirements.txt`, as far as it names libraries: comments, continued lines, one requirement a line.
package enum RequirementsFile {
    package static let name = "requirements.txt"
    private static let largest = 64 << 10

    /// - Throws: ``RequestError`` that names the line: options, paths and URLs are not taken.
    package static func read(_ content: [UInt8]) throws(RequestError) -> [Requirement] {
        guard content.count <= largest else {
            throw wrong("is \(content.count) bytes long; the longest is \(largest)")
        }
        guard let text = String(validating: content, as: UTF8.self) else { throw wrong("is not UTF-8") }
        var requirements: [Requirement] = []
        for (number, line) in logicalLines(text) {
            do throws(Requirement.Invalid) {
                requirements.append(try requirement(line))
            } catch {
                throw wrong("line \(number): '\(line.shortened(to: 64))' \(error.reason)")
            }
            guard requirements.count <= Requirement.most else {
                throw wrong("names more than \(Requirement.most) libraries")
            }
        }
        return requirements
    }

    private static func requirement(_ line: String) throws(Requirement.Invalid) -> Requirement {
        if let option = line.range(ofOption: " --") {
            throw Requirement.Invalid(
                reason:
                    "has an option behind the library (\(line[option].prefix(16))); only names and versions are taken"
            )
        }
        return try Requirement(parsing: line)
    }

    /// Lines with their numbers, continued ones joined, without comments and blank lines.
    private static func logicalLines(_ text: String) -> [(Int, String)] {
        var lines: [(Int, String)] = []
        var joined = ""
        var start = 1
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            .enumerated()
        {
            if joined.isEmpty { start = index + 1 }
            if line.hasSuffix("\\") && !line.drop(while: \.isWhitespace).hasPrefix("#") {
                joined += line.dropLast()
                continue
            }
            let whole = withoutComment(joined + line)
            joined = ""
            if !whole.isEmpty { lines.append((start, whole)) }
        }
        let last = withoutComment(joined)
        return last.isEmpty ? lines : lines + [(start, last)]
    }

    /// A comment begins a line or follows a space.
    private static func withoutComment(_ line: String) -> String {
        var kept = ""
        for character in line {
            if character == "#", kept.last.map(\.isWhitespace) ?? true { break }
            kept.append(character)
        }
        let inner = kept.drop(while: \.isWhitespace)
        let end = inner.lastIndex { !$0.isWhitespace }
        return end.map { String(inner[...$0]) } ?? ""
    }

    private static func wrong(_ problem: String) -> RequestError {
        RequestError(.invalidValue, "\(name): \(problem)", field: "files")
    }
}

extension String {
    fileprivate func range(ofOption mark: String) -> Range<String.Index>? {
        var index = startIndex
        while index < endIndex {
            if self[index...].hasPrefix(mark) { return self.index(after: index)..<endIndex }
            index = self.index(after: index)
        }
        return nil
    }
}
