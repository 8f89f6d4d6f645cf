internal import Domain
internal import JSON

/// Makes of what is kept of a run the answer that its client got.
struct RecordedResult {
    /// Of all files of one answer; what is beyond is fetched one by one.
    private static let mostContents = 64 << 20

    let history: (any RunHistory)?

    func answer(_ record: RunRecord) async -> [UInt8] {
        guard let result = record.result else { return Self.facts(record) }
        guard !record.artifacts.isEmpty, case .object(var object)? = try? JSONParser.parse(result) else {
            return result
        }
        var room = Self.mostContents
        for index in object.members.indices where object.members[index].name == "files" {
            guard case .array(let files) = object.members[index].value else { continue }
            var filled: [JSONValue] = []
            for file in files { filled.append(await fill(file, of: record, &room)) }
            object.members[index].value = .array(filled)
        }
        var writer = JSONWriter(capacity: result.count)
        writer.value(.object(object))
        return writer.bytes
    }

    private func fill(_ file: JSONValue, of record: RunRecord, _ room: inout Int) async -> JSONValue {
        guard case .object(var object) = file, case .string(let path)? = object["path"],
            let artifact = record.artifacts.first(where: { $0.path == path }), artifact.size.bytes <= room,
            let content = try? await history?.content(of: artifact)
        else { return file }
        room -= content.count
        var text: [UInt8] = []
        Base64.append(content, to: &text)
        for index in object.members.indices where object.members[index].name == "content" {
            object.members[index].value = .base64(String(decoding: text, as: UTF8.self))
        }
        return .object(object)
    }

    /// Of a run whose result is not kept: what is known of it all the same.
    private static func facts(_ record: RunRecord) -> [UInt8] {
        var writer = JSONWriter(capacity: 512)
        HistoryEncoder.write(record, to: &writer)
        return writer.bytes
    }
}

extension JSONValue {
    /// Bytes as `{"base64": …}`.
    fileprivate static func base64(_ text: String) -> JSONValue {
        var object = JSONObject()
        object.members.append(JSONObject.Member(name: "base64", value: .string(text)))
        return .object(object)
    }
}
