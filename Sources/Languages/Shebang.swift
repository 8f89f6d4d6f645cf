/// The first line of a script, where it names its interpreter.
enum Shebang {
    /// The interpreter's name without folder and version: `python` for `#!/usr/bin/env -S python3.11 -u`.
    ///
    /// Reads at most 256 bytes; nil when the program does not begin with `#!`.
    static func interpreter(of program: [UInt8]) -> String? {
        guard program.starts(with: [UInt8(ascii: "#"), UInt8(ascii: "!")]) else { return nil }
        let line = program.dropFirst(2).prefix(256).prefix {
            $0 >= UInt8(ascii: " ") || $0 == UInt8(ascii: "\t")
        }
        let words = line.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        guard let first = words.first else { return nil }
        var name = baseName(first)
        if name.elementsEqual("env".utf8) {
            let isName = { (word: ArraySlice<UInt8>) in
                word.first != UInt8(ascii: "-") && !word.contains(UInt8(ascii: "="))
            }
            guard let word = words.dropFirst().first(where: isName) else { return nil }
            name = baseName(word)
        }
        let version = name.reversed().prefix { (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }
        return String(decoding: name.dropLast(version.count), as: UTF8.self).lowercased()
    }

    private static func baseName(_ path: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        path.split(separator: UInt8(ascii: "/")).last ?? path
    }
}
