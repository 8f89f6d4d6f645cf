internal import CAssets
internal import Domain

/// Which library has a module that a program looked for in vain.
package enum MissingModule {
    /// What to do about an error, where it is one of a missing module; our word, of the name that the guest says.
    static func hint(for error: GuestError) -> String? {
        guard error.name == "ModuleNotFoundError", let module = module(in: error.message) else { return nil }
        if let library = library(of: module) {
            return
                "the library \(library) has it: add \"\(library)\" to libraries (diatom run --library \(library))"
        }
        let name = String(module.prefix { $0 != "." })
        guard let requirement = try? Requirement(parsing: name) else { return nil }
        return
            "where a library of that name has it: add \"\(requirement)\" to libraries (diatom run --library \(requirement))"
    }

    /// The library of a module, by the longest row of the table that fits; nil where none does.
    package static func library(of module: String) -> String? {
        var name = module[...]
        while true {
            if let library = table[String(name)] { return library }
            guard let dot = name.lastIndex(of: ".") else { return nil }
            name = name[..<dot]
        }
    }

    /// `No module named 'a.b'`, or with what follows it.
    private static func module(in message: String) -> String? {
        let mark = "No module named '"
        guard message.hasPrefix(mark) else { return nil }
        let name = message.dropFirst(mark.count).prefix { $0 != "'" }
        let isName = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ".") }
        return isName && (1...128).contains(name.utf8.count) ? String(name) : nil
    }

    private static let table: [String: String] = {
        let asset = cassets_python_imports()
        let text = String(
            decoding: UnsafeBufferPointer(start: asset.bytes, count: asset.length), as: UTF8.self)
        var table: [String: String] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let words = line.split(separator: " ")
            if words.count == 2 { table[String(words[0])] = String(words[1]) }
        }
        return table
    }()
}
