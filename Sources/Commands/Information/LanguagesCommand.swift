internal import JSON
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
            let messages = Messages(environment: invocation.environment)
            do throws(LanguageCatalogue.Malformed) {
                let packs = try LanguageCatalogue().all()
                messages.print(invocation.parsed.has(.json) ? json(of: packs) : table(of: packs))
                return 0
            } catch {
                messages.complain("language pack \(error.pack): \(error.reason)")
                return ExitCode.engineFailed
            }
        })

    private static func missing(_ pack: LanguagePack) -> LanguagePack.Missing? {
        do throws(LanguagePack.Missing) {
            _ = try pack.locatePrograms()
            return nil
        } catch {
            return error
        }
    }

    private static func table(of packs: [LanguagePack]) -> String {
        let rows = packs.map { pack in
            let state = missing(pack).map { "missing: \($0.install)" } ?? (pack.host == nil ? "ready" : "ready, warm")
            return [pack.id, pack.name, pack.extensions.map { "." + $0 }.joined(separator: " "), state]
        }
        let widths = (0..<3).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = (0..<3).map { row[$0] + String(repeating: " ", count: widths[$0] - row[$0].count + 2) }
            return cells.joined() + row[3]
        }.joined(separator: "\n")
    }

    private static func json(of packs: [LanguagePack]) -> String {
        var writer = JSONWriter()
        writer.beginArray()
        for pack in packs {
            writer.beginObject()
            writer.name("id")
            writer.value(pack.id)
            writer.name("name")
            writer.value(pack.name)
            writer.name("aliases")
            write(pack.aliases, to: &writer)
            writer.name("extensions")
            write(pack.extensions, to: &writer)
            writer.name("start")
            writer.value(pack.host == nil ? "fresh" : "warm")
            let missing = missing(pack)
            writer.name("installed")
            writer.value(missing == nil)
            writer.name("hint")
            writer.value(missing?.install)
            writer.endObject()
        }
        writer.endArray()
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private static func write(_ texts: [String], to writer: inout JSONWriter) {
        writer.beginArray()
        for text in texts { writer.value(text) }
        writer.endArray()
    }
}
