internal import CTOML
internal import Glibc
internal import JSON
internal import Posix

/// A file of settings: TOML, or JSON where its name ends so.
///
/// Tables are names' beginnings: `[history]` with `days = 30` is `history_days = 30`. Lists are joined by commas.
package enum ConfigurationFile {
    private static let largest = 1 << 20

    /// - Returns: Names as flags have them, without the hyphens before, and values.
    package static func read(
        _ path: String
    ) throws(SettingLayers.Wrong) -> [(name: String, value: String)] {
        let text: String
        do throws(SystemFailure) { text = try SmallFile.read(path, limit: largest + 1) } catch {
            throw .file(path, "cannot be read: \(error)")
        }
        guard text.utf8.count <= largest else { throw .file(path, "is larger than 1 MiB") }
        return try parse(text, path: path)
    }

    package static func parse(
        _ text: String, path: String
    ) throws(SettingLayers.Wrong) -> [(name: String, value: String)] {
        let json = path.hasSuffix(".json") ? Array(text.utf8) : try self.json(ofTOML: text, path)
        guard let document = try? JSONParser.parse(json), case .object(let object) = document else {
            throw .file(path, "is no JSON object")
        }
        var pairs: [(name: String, value: String)] = []
        try flatten(object, "", path, into: &pairs)
        return pairs
    }

    private static func json(ofTOML text: String, _ path: String) throws(SettingLayers.Wrong) -> [UInt8] {
        var problem = [CChar](repeating: 0, count: 512)
        let made = Array(text.utf8).withUnsafeBytes {
            diatom_toml_to_json(
                $0.bindMemory(to: CChar.self).baseAddress, $0.count, &problem, problem.count)
        }
        guard let made else {
            let why = problem.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            throw .file(path, "is no TOML: \(String(decoding: why, as: UTF8.self))")
        }
        defer { free(made) }
        return Array(UnsafeRawBufferPointer(start: made, count: strlen(made)))
    }

    private static func flatten(
        _ object: JSONObject, _ prefix: String, _ path: String,
        into pairs: inout [(name: String, value: String)]
    ) throws(SettingLayers.Wrong) {
        for member in object.members {
            let name = prefix + String(member.name.map { $0 == "_" ? "-" : $0 })
            if case .object(let table) = member.value {
                try flatten(table, name + "-", path, into: &pairs)
            } else {
                pairs.append((name, try text(member.value, name, path)))
            }
        }
    }

    private static func text(
        _ value: JSONValue, _ name: String, _ path: String
    ) throws(SettingLayers.Wrong) -> String {
        switch value {
        case .string(let text): return text
        case .number(let number): return number.text
        case .bool(let flag): return flag ? "yes" : "no"
        case .array(let values):
            var words: [String] = []
            for value in values { words.append(try text(value, name, path)) }
            return words.joined(separator: ",")
        case .null, .object:
            throw .file(path, "\(name): a text, a number, true, false or a list was expected")
        }
    }
}
