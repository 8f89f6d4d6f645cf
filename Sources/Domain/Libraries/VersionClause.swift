/// One comparison with a version, such as `>=2.2` (PEP 440).
package struct VersionClause: Hashable, Sendable, CustomStringConvertible {
    package enum Comparison: String, Hashable, Sendable, CaseIterable {
        case arbitrary = "==="
        case compatible = "~="
        case equal = "=="
        case unequal = "!="
        case atMost = "<="
        case atLeast = ">="
        case below = "<"
        case above = ">"
    }

    package let comparison: Comparison
    /// As it was written, without a leading `v` and in lower case.
    package let version: String

    package var description: String { comparison.rawValue + version }

    init(_ comparison: Comparison, _ text: Substring) throws(Requirement.Invalid) {
        self.comparison = comparison
        let lower = text.lowercased()
        version = lower.hasPrefix("v") ? String(lower.dropFirst()) : lower
        let problem = Self.problem(of: version, with: comparison)
        if let problem {
            throw Requirement.Invalid(reason: "'\(comparison.rawValue)\(text)' \(problem)")
        }
    }

    private static func problem(of version: String, with comparison: Comparison) -> String? {
        if comparison == .arbitrary {
            let isPlain = !version.isEmpty && version.allSatisfy(VersionScanner.isPlain)
            return isPlain ? nil : "is no version"
        }
        let isOpen = version.hasSuffix(".*")
        if isOpen, comparison != .equal, comparison != .unequal { return "can't end in '.*'" }
        var scanner = VersionScanner(isOpen ? String(version.dropLast(2)) : version)
        guard scanner.isVersion(releaseOnly: isOpen) else { return "is no version (PEP 440)" }
        if comparison == .compatible, scanner.releaseParts < 2 { return "needs two numbers, as in ~=1.4" }
        return nil
    }

    /// Whether a release of Python, such as 3.11.2, fits; only final releases are compared.
    package func admits(release: [Int]) -> Bool {
        let isOpen = version.hasSuffix(".*")
        let text = isOpen ? version.dropLast(2) : version[...]
        let wanted = text.split(separator: ".").map { Int($0.prefix { $0.isNumber }) ?? 0 }
        let start = Array(release.prefix(wanted.count))
        switch comparison {
        case .equal: return isOpen ? start == wanted : Self.order(release, wanted) == 0
        case .arbitrary: return Self.order(release, wanted) == 0
        case .unequal: return isOpen ? start != wanted : Self.order(release, wanted) != 0
        case .atMost: return Self.order(release, wanted) <= 0
        case .atLeast: return Self.order(release, wanted) >= 0
        case .below: return Self.order(release, wanted) < 0
        case .above: return Self.order(release, wanted) > 0
        case .compatible:
            let prefix = Array(wanted.dropLast())
            return Self.order(release, wanted) >= 0 && Array(release.prefix(prefix.count)) == prefix
        }
    }

    /// Below, at or above 0 as the first is lower, the same or higher; missing numbers are 0.
    private static func order(_ left: [Int], _ right: [Int]) -> Int {
        for index in 0..<max(left.count, right.count) {
            let pair = (index < left.count ? left[index] : 0, index < right.count ? right[index] : 0)
            if pair.0 != pair.1 { return pair.0 < pair.1 ? -1 : 1 }
        }
        return 0
    }
}

extension VersionClause {
    /// Clauses with commas between them, as `requires-python` has them.
    package static func list(parsing text: String) throws(Requirement.Invalid) -> [VersionClause] {
        guard text.utf8.count <= Requirement.longest else {
            throw Requirement.Invalid(reason: "is longer than \(Requirement.longest) bytes")
        }
        var parser = RequirementParser(text)
        return try parser.versionsOnly()
    }
}
