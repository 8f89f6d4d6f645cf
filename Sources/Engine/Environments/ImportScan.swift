internal import Domain

/// What a Python program says in its own lines that it imports.
///
/// A guess for importing ahead: what it misses is imported by the program, what it finds too much costs memory only.
enum ImportScan {
    private static let mostNames = 64
    private static let longestName = 100
    private static let mostBytes = 1 << 20

    /// Dotted names in the order of their appearance, of the modules that an environment has.
    static func names(in files: [SourceFile], of modules: Set<String>) -> [String] {
        var names: [String] = []
        for file in files where file.path.description.hasSuffix(".py") && file.content.count <= mostBytes {
            for line in file.content.split(separator: UInt8(ascii: "\n")) {
                for name in imported(by: line) where !names.contains(name) && names.count < mostNames {
                    if isName(name), modules.contains(top(of: name)) { names.append(name) }
                }
            }
        }
        return names
    }

    private static func imported(by line: ArraySlice<UInt8>) -> [String] {
        guard line.count <= 1_000 else { return [] }
        let words = String(decoding: line, as: UTF8.self).split { " \t\r;(),".contains($0) }
        guard let first = words.first, words.count > 1 else { return [] }
        if first == "import" { return unaliased(words.dropFirst()) }
        guard first == "from", words.count > 3, words[2] == "import" else { return [] }
        // What stands behind may be modules as well; what is none is left out when it cannot be imported.
        return [String(words[1])] + unaliased(words.dropFirst(3)).map { "\(words[1]).\($0)" }
    }

    private static func unaliased(_ words: ArraySlice<Substring>) -> [String] {
        var names: [String] = []
        var isAlias = false
        for word in words {
            if word.hasPrefix("#") { break }
            if word == "as" { isAlias = true; continue }
            if !isAlias { names.append(String(word)) }
            isAlias = false
        }
        return names
    }

    private static func top(of name: String) -> String { String(name.prefix { $0 != "." }) }

    private static func isName(_ name: String) -> Bool {
        name.utf8.count <= longestName && !name.hasPrefix(".") && !name.hasSuffix(".")
            && name.utf8.allSatisfy { byte in
                (byte >= 48 && byte <= 57) || (byte | 32 >= 97 && byte | 32 <= 122) || byte == 95
                    || byte == 46
            }
    }
}
