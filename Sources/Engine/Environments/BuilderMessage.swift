internal import Domain
internal import JSON
internal import Storage

/// One line of a build sandbox's answer; parsed as hostile.
enum BuilderMessage: Hashable {
    case progress(String)
    /// Its bytes follow.
    case file(WorkspacePath, size: Int, executable: Bool)
    case lock(python: String, platform: String, wheels: [LockedSet.Wheel])
    case needsBuild(source: LockedSet.Wheel, with: [LockedSet.Wheel])
    case failed(reason: String, text: String)
    case done

    struct Malformed: Error, Hashable {}

    static let longestLine = 1 << 20

    init(_ line: [UInt8]) throws(Malformed) {
        guard let value = try? JSONParser.parse(line), case .object(let object) = value,
            let kind = Self.text(object, "kind")
        else { throw Malformed() }
        switch kind {
        case "progress": self = .progress(Self.words(try Self.need(object, "text")))
        case "file":
            guard let path = try? WorkspacePath(parsing: try Self.need(object, "path")),
                case .number(let number) = object["size"], let size = number.integer, size >= 0
            else { throw Malformed() }
            var executable = false
            if case .bool(true) = object["executable"] { executable = true }
            self = .file(path, size: size, executable: executable)
        case "lock":
            let python = try Self.need(object, "python")
            guard python.split(separator: " ").count == 2, Self.isPlain(python, and: " ") else {
                throw Malformed()
            }
            let platform = try Self.need(object, "platform")
            guard Self.isPlain(platform) else { throw Malformed() }
            self = .lock(python: python, platform: platform, wheels: try Self.wheels(object))
        case "needs_build": self = .needsBuild(source: try Self.wheel(object), with: try Self.wheels(object))
        case "failed":
            self = .failed(reason: try Self.need(object, "reason"), text: try Self.need(object, "text"))
        case "done": self = .done
        default: throw Malformed()
        }
    }

    private static func wheels(_ object: JSONObject) throws(Malformed) -> [LockedSet.Wheel] {
        guard case .array(let list) = object["packages"], list.count <= 2_000 else { throw Malformed() }
        var wheels: [LockedSet.Wheel] = []
        for entry in list {
            guard case .object(let object) = entry else { throw Malformed() }
            wheels.append(try wheel(object))
        }
        return wheels
    }

    private static func wheel(_ object: JSONObject) throws(Malformed) -> LockedSet.Wheel {
        let wheel = LockedSet.Wheel(
            name: try need(object, "name"), version: try need(object, "version"),
            file: try need(object, "file"),
            sha256: try need(object, "sha256"))
        guard isPlain(wheel.name), isPlain(wheel.version), isPlain(wheel.file), !wheel.file.hasPrefix("."),
            EnvironmentStore.isDigest(wheel.sha256)
        else { throw Malformed() }
        return wheel
    }

    /// What stands in names of files and libraries, and in a requirement that points at one.
    private static func isPlain(_ text: String, and more: String = "") -> Bool {
        !text.isEmpty && text.utf8.count <= 255
            && text.allSatisfy {
                $0.isASCII && ($0.isLetter || $0.isNumber || "._+!-".contains($0) || more.contains($0))
            }
    }

    private static func need(_ object: JSONObject, _ name: String) throws(Malformed) -> String {
        guard let text = text(object, name) else { throw Malformed() }
        return text
    }

    private static func text(_ object: JSONObject, _ name: String) -> String? {
        if case .string(let text) = object[name] { text } else { nil }
    }

    /// Fit for a terminal.
    private static func words(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.prefix(200).map { $0.value < 0x20 || $0.value == 0x7f ? " " : $0 }))
    }
}
