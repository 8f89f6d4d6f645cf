internal import CAssets
internal import Domain
internal import JSON

/// The file in which a guest notes what it shows: one JSON object a line, forms by their media type.
///
/// Parsed as hostile: bounded in bytes, results, forms and depth, written anew, and nothing but the guest's word.
enum ResultsFile {
    static let path = ".diatom-results"
    static let mostBytes = 8 << 20
    private static let mostResults = 100
    private static let mostForms = 16

    /// The results up to the first line that is not what it should be.
    static func read(_ content: [UInt8]) -> [RichResult] {
        var results: [RichResult] = []
        for line in content.prefix(mostBytes).split(separator: UInt8(ascii: "\n")).prefix(mostResults) {
            guard let value = try? JSONParser.parse(Array(line)), case .object(let object) = value,
                !object.members.isEmpty, object.members.count <= mostForms
            else { break }
            results.append(RichResult(forms: object.members.compactMap(form)))
        }
        return results
    }

    static func form(_ member: JSONObject.Member) -> RichResult.Form? {
        let isType =
            (3...100).contains(member.name.utf8.count) && member.name.utf8.contains(UInt8(ascii: "/"))
        guard isType else { return nil }
        var writer = JSONWriter()
        writer.value(member.value)
        return RichResult.Form(type: member.name, json: writer.bytes)
    }

    /// What notes the results of a Python program, laid beside it.
    static let pythonNoter: SourceFile? = {
        guard let place = try? WorkspacePath(parsing: ".diatom-rich.py") else { return nil }
        let bytes = UnsafeBufferPointer(
            start: cassets_python_rich_pointer(), count: cassets_python_rich_length)
        return SourceFile(path: place, content: Array(bytes))
    }()
}
