package import Domain

/// When a version came out, and whose word that is.
///
/// The day is never too early: the version is at least that old.
package struct Release: Hashable, Sendable {
    package enum Source: String, Hashable, Sendable {
        /// The runtime prints it beside its version.
        case runtime
        /// The day on which Debian first had this version, by its package's changelog.
        case debian
        /// Only the day on which the program's file was made here or there.
        case file
    }

    package var day: CivilDate
    package var source: Source

    package init(day: CivilDate, source: Source) {
        self.day = day
        self.source = source
    }

    /// Whole days from then to a time in nanoseconds since 1970.
    package func age(at now: Int64) -> Int { max(0, CivilDate(seconds: now / 1_000_000_000).days - day.days) }
}

extension Release {
    /// The first day, written `2025-04-15`, of what a runtime says of its version.
    package static func inWords(_ output: some Sequence<UInt8>) -> Release? {
        let text = String(decoding: Array(output.prefix(4096)), as: UTF8.self)
        let words = text.split { !($0.isNumber || $0 == "-") }
        return words.lazy.compactMap { CivilDate(iso: $0) }.first.map { Release(day: $0, source: .runtime) }
    }

    /// The oldest entry of a Debian changelog that has the newest one's upstream version.
    ///
    /// Debian cuts old entries off; what is left is not too early either.
    package static func inChangelog(_ text: some StringProtocol) -> Release? {
        var current: Substring?
        var isOfCurrent = false
        var first: CivilDate?
        for line in text.split(separator: "\n") {
            if let version = upstream(ofHead: line) {
                if current == nil { current = version }
                isOfCurrent = version == current
                guard isOfCurrent else { break }
            } else if isOfCurrent, line.hasPrefix(" -- "), let mark = line.range(of: ">  ") {
                first = CivilDate(mail: line[mark.upperBound...]) ?? first
            }
        }
        return first.map { Release(day: $0, source: .debian) }
    }

    /// `12.2.0` of `gcc-12 (1:12.2.0-14+deb12u1) bookworm; urgency=medium`.
    private static func upstream(ofHead line: some StringProtocol) -> Substring? {
        guard let first = line.first, first != " ", line.contains("; urgency="),
            let open = line.range(of: " ("), let close = line[open.upperBound...].firstIndex(of: ")")
        else { return nil }
        var version = Substring(line[open.upperBound..<close])
        if let epoch = version.firstIndex(of: ":") { version = version[version.index(after: epoch)...] }
        if let revision = version.lastIndex(of: "-") { version = version[..<revision] }
        return version
    }
}

extension StringProtocol {
    fileprivate func range(of text: String) -> Range<Index>? { firstRange(of: text) }
}
