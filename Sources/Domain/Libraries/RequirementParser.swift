/// Reads one requirement from left to right, as the grammar of PEP 508 has it, without URLs.
struct RequirementParser {
    private var rest: Substring
    private let whole: String

    init(_ text: String) {
        whole = text
        rest = text[...]
    }

    mutating func requirement() throws(Requirement.Invalid) -> Requirement {
        skipSpace()
        try refuseOthers()
        let name = try identifier("a library's name")
        skipSpace()
        let extras = try extras()
        skipSpace()
        guard rest.first != "@" else {
            throw Requirement.Invalid(
                reason: "names a URL; only names and versions are taken, as in numpy>=2")
        }
        let versions = try versions()
        skipSpace()
        var marker: String?
        if take(";") {
            var parser = MarkerParser(rest)
            marker = try parser.marker()
            rest = ""
        }
        guard rest.isEmpty else { throw unexpected() }
        return Requirement(name: Self.normalised(name), extras: extras, versions: versions, marker: marker)
    }

    /// Versions alone, as `requires-python` has them.
    mutating func versionsOnly() throws(Requirement.Invalid) -> [VersionClause] {
        skipSpace()
        guard !rest.isEmpty else { return [] }
        let clauses = try clauses()
        guard rest.isEmpty else { throw unexpected() }
        return clauses
    }

    /// What pip would take and is none of a library's name, said by what it is.
    private func refuseOthers() throws(Requirement.Invalid) {
        let problem: String
        if rest.isEmpty {
            problem = "is empty"
        } else if rest.hasPrefix("-") {
            problem = "is an option"
        } else if rest.contains("://") && !rest.contains(";") && !rest.contains("@") {
            problem = "is a URL"
        } else if rest.hasPrefix(".") || rest.hasPrefix("/") || rest.hasPrefix("~") || rest.contains("/") {
            guard !rest.contains("@"), !rest.contains(";") else { return }
            problem = "is a path"
        } else {
            return
        }
        throw Requirement.Invalid(reason: "\(problem); only names and versions are taken, as in numpy>=2")
    }

    private mutating func identifier(_ what: String) throws(Requirement.Invalid) -> String {
        let isInner: (Character) -> Bool = { $0.isAlphanumericASCII || "._-".contains($0) }
        let word = rest.prefix(while: isInner)
        guard let first = word.first, let last = word.last, first.isAlphanumericASCII,
            last.isAlphanumericASCII
        else {
            let found = word.isEmpty ? rest.prefix(1) : word
            throw Requirement.Invalid(
                reason: found.isEmpty
                    ? "ends where \(what) was expected"
                    : "has '\(found.shownBriefly)' where \(what) was expected")
        }
        guard word.utf8.count <= 128 else {
            throw Requirement.Invalid(reason: "has a name of \(word.utf8.count) bytes; the longest is 128")
        }
        rest = rest.dropFirst(word.count)
        return String(word)
    }

    private mutating func extras() throws(Requirement.Invalid) -> [String] {
        guard take("[") else { return [] }
        var extras: [String] = []
        skipSpace()
        while !take("]") {
            if !extras.isEmpty {
                guard take(",") else { throw unexpected() }
                skipSpace()
            }
            extras.append(Self.normalised(try identifier("an extra's name")))
            skipSpace()
        }
        return extras
    }

    private mutating func versions() throws(Requirement.Invalid) -> [VersionClause] {
        if take("(") {
            let clauses = try clauses()
            guard take(")") else { throw unexpected() }
            return clauses
        }
        guard let first = rest.first, "<>=!~".contains(first) else { return [] }
        return try clauses()
    }

    private mutating func clauses() throws(Requirement.Invalid) -> [VersionClause] {
        var clauses: [VersionClause] = []
        repeat {
            skipSpace()
            let found = VersionClause.Comparison.allCases.first { rest.hasPrefix($0.rawValue) }
            guard let comparison = found else { throw unexpected() }
            rest = rest.dropFirst(comparison.rawValue.count)
            skipSpace()
            let version = rest.prefix { !$0.isWhitespace && !",;)".contains($0) }
            rest = rest.dropFirst(version.count)
            clauses.append(try VersionClause(comparison, version))
            skipSpace()
        } while take(",")
        return clauses
    }

    private mutating func take(_ character: Character) -> Bool {
        guard rest.first == character else { return false }
        rest = rest.dropFirst()
        return true
    }

    private mutating func skipSpace() { rest = rest.drop { $0 == " " || $0 == "\t" } }

    private func unexpected() -> Requirement.Invalid {
        Requirement.Invalid(
            reason: rest.isEmpty
                ? "ends too early" : "has '\(rest.shownBriefly)' where nothing like it can stand (PEP 508)")
    }

    /// PEP 503.
    static func normalised(_ name: String) -> String {
        var text = ""
        for character in name.lowercased() {
            let isSeparator = "._-".contains(character)
            if isSeparator, text.last == "-" { continue }
            text.append(isSeparator ? "-" : character)
        }
        return text
    }
}

extension Character {
    var isAlphanumericASCII: Bool { isASCII && (isLetter || isNumber) }
}

extension Substring {
    /// The start of what was given, fit for a message.
    var shownBriefly: String {
        String(
            String.UnicodeScalarView(
                unicodeScalars.prefix(24).map { $0.value < 0x20 || $0.value == 0x7f ? "?" : $0 }))
    }
}
