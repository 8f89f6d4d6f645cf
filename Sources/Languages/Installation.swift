/// How a language gets onto a machine: packages of Debian's and PyPI's, or a toolchain that is brought along.
package struct Installation: Hashable, Sendable {
    /// The folder that sandboxes see and that holds a folder for each language from PyPI.
    package static let folder = "/opt/diatom"

    /// Names of Debian packages.
    package var debian: [String]
    /// Names of PyPI's packages, unpacked into ``folder``/ID.
    package var pypi: [String]
    /// What a shell does afterwards, such as building a standard library once for all.
    package var then: String?
    /// What to do where neither has it.
    package var otherwise: String?

    /// Whether a command can do it.
    package var isAutomatic: Bool { otherwise == nil }
}

extension Installation {
    static let members = ["debian", "pypi", "then", "otherwise"]

    init(reading pack: PackReader) throws(PackReader.Wrong) {
        debian = try pack.optionalTexts("debian")
        pypi = try pack.optionalTexts("pypi")
        then = try pack.optionalText("then")
        otherwise = try pack.optionalText("otherwise")
        for name in debian + pypi where !Self.isPackageName(name) {
            throw pack.wrong(debian.contains(name) ? "debian" : "pypi", "'\(name)' is no name of a package")
        }
        guard (otherwise == nil) == (!debian.isEmpty || !pypi.isEmpty) else {
            throw pack.wrong("otherwise", "stands in the place of packages")
        }
    }

    /// Never something that a package client takes for an option, an address or a path.
    private static func isPackageName(_ name: String) -> Bool {
        guard let first = name.utf8.first, first != UInt8(ascii: "-"), first != UInt8(ascii: ".") else {
            return false
        }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            case UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."): true
            default: false
            }
        }
    }
}
