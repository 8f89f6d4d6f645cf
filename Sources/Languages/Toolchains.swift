/// Folders of toolchains that an operator brought along, by the ids of languages.
///
/// A file of lines `ID = /FOLDER`. The jailer reads the same file, and shows sandboxes what stands in it.
package struct Toolchains: Hashable, Sendable {
    /// As many as a sandbox's root has room for, beside what it always shows.
    package static let most = 12
    package static let longestPath = 120

    package enum Invalid: Error, Hashable {
        case line(Int)
        case tooMany
    }

    package private(set) var folders: [String: String] = [:]

    package init() {}

    package init(parsing text: String) throws(Invalid) {
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.allSatisfy(\.isWhitespace) || line.first == "#" { continue }
            let halves = line.split(separator: "=", maxSplits: 1).map(Self.trimmed)
            guard halves.count == 2, !halves[0].isEmpty, Self.isFolder(halves[1]) else {
                throw .line(index + 1)
            }
            guard folders.count < Self.most || folders[halves[0]] != nil else { throw .tooMany }
            folders[halves[0]] = halves[1]
        }
    }

    package subscript(id: String) -> String? {
        get { folders[id] }
        set { folders[id] = newValue }
    }

    /// The file's text.
    package var text: String {
        let head = "# Toolchains that sandboxes see; 'diatom languages add' and 'remove' write this.\n"
        return head + folders.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)\n" }.joined()
    }

    /// Whether a path can stand in the file: absolute, without `..`, on one line.
    package static func isFolder(_ path: String) -> Bool {
        guard path.hasPrefix("/"), path.utf8.count <= longestPath else { return false }
        let names = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        return names.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
            && path.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "#") }
    }

    /// Where the programs of a toolchain are looked for.
    package static func candidates(for program: String, in folder: String) -> [String] {
        ["bin", "usr/bin", ""].map { $0.isEmpty ? "\(folder)/\(program)" : "\(folder)/\($0)/\(program)" }
    }

    private static func trimmed(_ text: Substring) -> String {
        String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}

extension LanguagePack {
    /// The same language, its programs taken from another toolchain where that has them.
    package func using(toolchain folder: String) -> LanguagePack {
        var pack = self
        for (name, candidates) in requires {
            let programs = candidates.map { $0.split(separator: "/").last.map(String.init) ?? $0 }
            let own = Set(programs).sorted().flatMap { Toolchains.candidates(for: $0, in: folder) }
            pack.requires[name] = own + candidates
        }
        return pack
    }
}
