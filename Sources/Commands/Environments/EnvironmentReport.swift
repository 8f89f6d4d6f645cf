internal import JSON

/// The API's answers about environments, in words.
enum EnvironmentReport {
    static func table(_ json: [UInt8]) -> String {
        let rows = list(json).map { object in
            [
                String((text(object, "id") ?? "").prefix(12)), text(object, "state") ?? "", size(object),
                text(object, "used_at").map { String($0.prefix(16)) } ?? "-",
                libraries(object).shortened(to: 90),
            ]
        }
        guard !rows.isEmpty else { return "there are no environments yet; 'diatom env build NAME' makes one" }
        return LanguageReport.aligned([["ID", "STATE", "SIZE", "USED", "LIBRARIES"]] + rows)
    }

    static func details(_ json: [UInt8]) -> String {
        guard let object = object(json) else { return String(decoding: json, as: UTF8.self) }
        var rows = [
            ["id", text(object, "id") ?? ""], ["state", text(object, "state") ?? ""],
            ["python", text(object, "python") ?? "-"],
            ["platform", text(object, "platform") ?? "-"], ["libraries", libraries(object)],
            ["size", size(object)],
            ["created", text(object, "created_at") ?? "-"], ["used", text(object, "used_at") ?? "-"],
        ]
        if let damage = text(object, "damage") {
            rows.append(["damage", "\(damage); it is made again when next asked for"])
        }
        if case .bool(true) = object["verified"] {
            rows.append(["verified", "every byte is as it was written"])
        }
        return LanguageReport.aligned(rows)
    }

    static func isDamaged(_ json: [UInt8]) -> Bool { object(json).flatMap { text($0, "state") } == "damaged" }

    static func ids(_ json: [UInt8]) -> [String] { list(json).compactMap { text($0, "id") } }

    static func sweep(_ json: [UInt8]) -> String {
        guard let object = object(json), case .array(let removed) = object["removed"] else { return "" }
        let bytes = number(object, "freed_bytes") ?? 0
        return
            "removed \(removed.count) \(removed.count == 1 ? "environment" : "environments"), freed \(megabytes(bytes))"
    }

    private static func list(_ json: [UInt8]) -> [JSONObject] {
        guard case .array(let entries)? = object(json)?["environments"] else { return [] }
        return entries.compactMap { if case .object(let object) = $0 { object } else { nil } }
    }

    private static func object(_ json: [UInt8]) -> JSONObject? {
        guard let value = try? JSONParser.parse(json), case .object(let object) = value else { return nil }
        return object
    }

    private static func text(_ object: JSONObject, _ name: String) -> String? {
        if case .string(let text) = object[name] { text } else { nil }
    }

    private static func number(_ object: JSONObject, _ name: String) -> Int? {
        if case .number(let number) = object[name] { number.integer } else { nil }
    }

    private static func libraries(_ object: JSONObject) -> String {
        guard case .array(let names) = object["libraries"] else { return "-" }
        return names.compactMap { if case .string(let name) = $0 { name } else { nil } }.joined(
            separator: " ")
    }

    private static func size(_ object: JSONObject) -> String {
        number(object, "size_bytes").map(megabytes) ?? "-"
    }

    private static func megabytes(_ bytes: Int) -> String {
        RunLimits.oneDecimal(Double(bytes) / 1_048_576) + " MB"
    }
}
