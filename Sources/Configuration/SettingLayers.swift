/// Settings out of a file, the environment and the command line; each overrides what is before it, setting by setting.
package struct SettingLayers: Sendable {
    package enum Wrong: Error, Hashable, CustomStringConvertible {
        case unknown(String, source: String)
        case missingValue(String)
        case secret(SettingKind)
        case file(String, String)

        package var description: String {
            switch self {
            case .unknown(let name, let source): "\(source): there is no setting '\(name)'"
            case .missingValue(let name): "\(name): its value is missing"
            case .secret(let kind):
                "\(kind.name): the command line can be read by everybody on the machine; give it as \(kind.variable) "
                    + "or as \(kind.key) in the configuration file"
            case .file(let path, let why): "\(path): \(why)"
            }
        }
    }

    package static let commandLine = "the command line"

    private let kinds: [SettingKind]
    package private(set) var settings: [Setting] = []

    package init(_ kinds: [SettingKind]) { self.kinds = kinds }

    /// Takes what a file says (``ConfigurationFile``).
    package mutating func add(file pairs: [(name: String, value: String)], path: String) throws(Wrong) {
        var layer: [Setting] = []
        for (name, value) in pairs {
            guard let kind = kinds.first(where: { $0.name == "--" + name }) else {
                throw .unknown(name, source: path)
            }
            layer.append(Setting(kind.name, value, source: path))
        }
        override(by: layer)
    }

    /// Takes `DIATOM_…`; other variables of that beginning are somebody else's business.
    package mutating func add(environment: [String: String]) {
        override(
            by: kinds.compactMap { kind in
                environment[kind.variable].flatMap { value in
                    value.isEmpty ? nil : Setting(kind.name, value, source: kind.variable)
                }
            })
    }

    package mutating func add(arguments: [String]) throws(Wrong) {
        var layer: [Setting] = []
        var rest = arguments[...]
        while let word = rest.popFirst() {
            let name = word == "-v" ? "--verbose" : word
            guard let kind = kinds.first(where: { $0.name == name }) else {
                throw .unknown(name, source: Self.commandLine)
            }
            guard !kind.isSecret else { throw .secret(kind) }
            if kind.isFlag {
                layer.append(Setting(name, "yes", source: Self.commandLine))
                continue
            }
            guard let value = rest.popFirst() else { throw .missingValue(name) }
            if kind.isList, let index = layer.firstIndex(where: { $0.name == name }) {
                layer[index].value += "," + value
            } else {
                layer.append(Setting(name, value, source: Self.commandLine))
            }
        }
        override(by: layer)
    }

    /// Takes settings that are given whatever anybody says.
    package mutating func add(_ layer: [Setting]) { override(by: layer) }

    private mutating func override(by layer: [Setting]) {
        let names = Set(layer.map(\.name))
        settings.removeAll { names.contains($0.name) }
        settings += layer
    }

    /// All settings as a configuration file, each with where its value came from.
    ///
    /// `usual`: The usual values that depend on who starts the service.
    package func text(usual: [String: String] = [:]) -> String {
        kinds.map { kind in
            let setting = settings.last { $0.name == kind.name }
            let value = setting?.value ?? usual[kind.name] ?? kind.usual
            let shown = kind.isSecret && !value.isEmpty ? "(secret)" : value
            let line = "\(kind.key) = \(Self.quoted(shown))"
            let source = setting?.source ?? "the default"
            return line + String(repeating: " ", count: max(1, 44 - line.count)) + "# \(source)\n"
        }.joined()
    }

    private static func quoted(_ value: String) -> String {
        let escaped = value.unicodeScalars.map { scalar in
            switch scalar {
            case "\"", "\\": "\\\(scalar)"
            case _ where scalar.value < 0x20:
                "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: String(scalar)
            }
        }
        return "\"" + escaped.joined() + "\""
    }
}
