/// One library as PEP 508 names it: a name, extras, versions, a marker; never an option, a path or a URL.
package struct Requirement: Hashable, Sendable, CustomStringConvertible {
    package static let longest = 512
    /// Of one environment.
    package static let most = 200

    /// Lower case, with single hyphens (PEP 503): two spellings of a name are one library.
    package let name: String
    package let extras: [String]
    package let versions: [VersionClause]
    package let marker: String?

    /// What is wrong with a text that names no library, and the way out.
    package struct Invalid: Error, Hashable {
        package var reason: String

        package init(reason: String) { self.reason = reason }
    }

    /// Parses the text of one requirement.
    package init(parsing text: String) throws(Invalid) {
        guard text.utf8.count <= Self.longest else {
            throw Invalid(reason: "is \(text.utf8.count) bytes long; the longest is \(Self.longest)")
        }
        var parser = RequirementParser(text)
        self = try parser.requirement()
    }

    init(name: String, extras: [String], versions: [VersionClause], marker: String?) {
        self.name = name
        self.extras = Set(extras).sorted()
        self.versions = Set(versions).sorted { $0.description < $1.description }
        self.marker = marker
    }

    /// The same for every spelling: `pandas[excel]<3,>=2.2; python_version < "3.12"`.
    package var description: String {
        var text = name
        if !extras.isEmpty { text += "[" + extras.joined(separator: ",") + "]" }
        text += versions.map(\.description).joined(separator: ",")
        if let marker { text += "; " + marker }
        return text
    }

    /// Each once, in one order: what makes two lists the same wish.
    package static func normalised(_ list: [Requirement]) -> [Requirement] {
        Set(list).sorted { $0.description < $1.description }
    }
}
