package import Domain

/// What an environment consists of, to the byte; it lies beside its files.
package struct EnvironmentManifest: Hashable, Sendable {
    package struct File: Hashable, Sendable {
        package var path: String
        package var size: Int
        package var sha256: String
        package var executable: Bool
    }

    static let name = "manifest"
    private static let mark = "diatom-environment 1"

    package var record: EnvironmentRecord
    package var files: [File]

    init(record: EnvironmentRecord, files: [File]) {
        self.record = record
        self.files = files
        self.record.files = files.count
        // As a disk counts: many small files are not small.
        self.record.size = ByteCount(bytes: files.reduce(0) { $0 + ($1.size + 4095) / 4096 * 4096 })
        self.record.modules = Self.modules(of: files)
    }

    /// Folders and modules right below `site-packages`.
    private static func modules(of files: [File]) -> [String] {
        var modules: Set<Substring> = []
        for file in files {
            let names = file.path.split(separator: "/")
            guard names.count >= 2, names[0] == "site-packages" else { continue }
            let name = names[1]
            if names.count == 2 {
                guard name.hasSuffix(".py") || name.hasSuffix(".so") else { continue }
            } else if !["py", "so"].contains(names[names.count - 1].split(separator: ".").last ?? "") {
                continue
            }
            let stem = names.count == 2 ? name.prefix { $0 != "." } : name
            let isName =
                stem.first?.isNumber == false && stem.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" }
            if isName, stem != "__pycache__" { modules.insert(stem) }
        }
        return modules.sorted().map(String.init)
    }

    var bytes: [UInt8] {
        var lines = [
            "hash \(record.hash)", "python \(record.python)", "platform \(record.platform)",
            "created \(record.created)",
        ]
        lines += record.libraries.map { "library \($0.name) \($0.version)" }
        lines += files.map { "file \($0.sha256) \($0.size) \($0.executable ? "x" : "-") \($0.path)" }
        return SealedText.seal(Self.mark, lines)
    }

    /// Nil where the bytes are not exactly a manifest.
    init?(parsing bytes: [UInt8]) {
        guard let text = SealedText(bytes, mark: Self.mark) else { return nil }
        var record = EnvironmentRecord(
            hash: "", python: "", platform: "", libraries: [], created: 0, used: 0)
        var files: [File] = []
        files.reserveCapacity(text.lines.count)
        for words in text.lines {
            switch (words.first, words.count) {
            case ("file", 5):
                guard let size = Int(words[2]) else { return nil }
                files.append(
                    File(
                        path: String(words[4]), size: size, sha256: String(words[1]),
                        executable: words[3] == "x"))
            case ("library", 3):
                record.libraries.append(.init(name: String(words[1]), version: String(words[2])))
            case ("hash", 2): record.hash = String(words[1])
            case ("python", 3): record.python = "\(words[1]) \(words[2])"
            case ("platform", 2): record.platform = String(words[1])
            case ("created", 2): record.created = Int64(words[1]) ?? 0
            default: return nil
            }
        }
        self.init(record: record, files: files)
    }
}
