/// Cells of comma-separated values (RFC 4180).
enum CSV {
    /// A cell that stays text in a spreadsheet: what would be a formula there gets an apostrophe in front.
    static func cell(_ text: String) -> String {
        let isFormula = text.utf8.first.map { "=+-@\t\r".utf8.contains($0) } ?? false
        let harmless = isFormula ? "'" + text : text
        guard harmless.utf8.contains(where: { ",\"\r\n".utf8.contains($0) }) else { return harmless }
        return "\""
            + harmless.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
            + "\""
    }
}
