internal import API
internal import Languages

extension Command {
    static let languages = Command(
        name: "languages", summary: "list the languages, and what is missing to run them",
        usage: ["languages [--json]"],
        options: [.json],
        examples: [
            ("diatom languages", "names, endings, and whether they can be run here"),
            ("diatom languages --json", "the same for a program"),
        ],
        body: { (invocation) throws(UsageError) in
            let listing = CatalogueDirectory(LanguageCatalogue()).listing
            let json = invocation.parsed.has(.json)
            let text =
                json ? String(decoding: LanguageListing.encode(listing), as: UTF8.self) : table(of: listing)
            Messages(environment: invocation.environment).print(text)
            return 0
        })

    private static func table(of listing: [LanguageListing]) -> String {
        let rows = listing.map { language in
            let ready = language.start == "warm" ? "ready, starts warm" : "ready"
            return [
                language.id, language.name, language.extensions.map { "." + $0 }.joined(separator: " "),
                language.hint.map { "missing: \($0)" } ?? ready,
            ]
        }
        let widths = (0..<3).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = (0..<3).map {
                row[$0] + String(repeating: " ", count: widths[$0] - row[$0].count + 2)
            }
            return cells.joined() + row[3]
        }.joined(separator: "\n")
    }
}
