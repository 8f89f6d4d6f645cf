/// A path below the workspace that cannot lead out of it.
package struct WorkspacePath: Hashable, Sendable, CustomStringConvertible {
    package static let longestPath = 1024
    package static let longestName = 255
    package static let deepest = 32

    package enum Invalid: Error, Hashable {
        case empty
        case absolute
        case tooLong(bytes: Int)
        case tooDeep(levels: Int)
        case nameTooLong(bytes: Int)
        case dotSegment
        case emptySegment
        case controlCharacter
    }

    package let description: String

    /// Parses a relative path with `/` between its names.
    ///
    /// - Throws: ``Invalid`` when the path is absolute, has an empty, `.` or `..` name, control
    ///   characters, or is longer or deeper than the bounds above.
    package init(parsing text: String) throws(Invalid) {
        guard !text.isEmpty else { throw .empty }
        guard text.utf8.first != UInt8(ascii: "/") else { throw .absolute }
        guard text.utf8.count <= Self.longestPath else { throw .tooLong(bytes: text.utf8.count) }
        guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else { throw .controlCharacter }
        let names = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard names.count <= Self.deepest else { throw .tooDeep(levels: names.count) }
        for name in names {
            guard !name.isEmpty else { throw .emptySegment }
            guard name.count <= Self.longestName else { throw .nameTooLong(bytes: name.count) }
            guard !name.elementsEqual(".".utf8), !name.elementsEqual("..".utf8) else { throw .dotSegment }
        }
        description = text
    }

    /// The names along the path, outermost first.
    package var names: [Substring] { description.split(separator: "/") }
}
