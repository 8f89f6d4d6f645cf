package import Domain

/// What a wish was resolved to: one wheel for each library, by its digest.
package struct LockedSet: Hashable, Sendable {
    package struct Wheel: Hashable, Sendable {
        package var name: String
        package var version: String
        package var file: String
        package var sha256: String

        package init(name: String, version: String, file: String, sha256: String) {
            self.name = name
            self.version = version
            self.file = file
            self.sha256 = sha256
        }
    }

    private static let mark = "diatom-lock 1"

    package var python: String
    package var platform: String
    package var wheels: [Wheel]
    /// When it was resolved, in nanoseconds since 1970.
    package var resolved: Int64

    package init(python: String, platform: String, wheels: [Wheel], resolved: Int64) {
        self.python = python
        self.platform = platform
        self.wheels = wheels.sorted { $0.name < $1.name }
        self.resolved = resolved
    }

    /// The address of its environment: the same wheels for the same Python are the same environment.
    ///
    /// `index`: Whose wheels they are; one index's cannot stand for another's.
    package func hash(index: String) -> String {
        var digest = ContentDigest()
        digest.add(1)
        digest.add(python)
        digest.add(platform)
        digest.add(index)
        digest.add(wheels.count)
        for wheel in wheels {
            digest.add("\(wheel.name)==\(wheel.version)")
            digest.add(wheel.file)
            digest.add(wheel.sha256)
        }
        return String(digest.hexadecimal().prefix(32))
    }

    package var libraries: [EnvironmentRecord.Library] {
        wheels.map { EnvironmentRecord.Library(name: $0.name, version: $0.version) }
    }

    var bytes: [UInt8] {
        SealedText.seal(
            Self.mark,
            ["python \(python)", "platform \(platform)", "resolved \(resolved)"]
                + wheels.map { "wheel \($0.name) \($0.version) \($0.sha256) \($0.file)" })
    }

    init?(parsing bytes: [UInt8]) {
        guard let text = SealedText(bytes, mark: Self.mark) else { return nil }
        self.init(python: "", platform: "", wheels: [], resolved: 0)
        for words in text.lines {
            switch (words.first, words.count) {
            case ("python", 3): python = "\(words[1]) \(words[2])"
            case ("platform", 2): platform = String(words[1])
            case ("resolved", 2): resolved = Int64(words[1]) ?? 0
            case ("wheel", 5):
                wheels.append(
                    Wheel(
                        name: String(words[1]), version: String(words[2]), file: String(words[4]),
                        sha256: String(words[3])))
            default: return nil
            }
        }
    }
}
