internal import Glibc
internal import Posix

/// pip's own configuration on this machine, read as pip reads it: its files, then its variables.
package enum PipConfiguration {
    /// `environment`: Of the operator, as whoever starts the service or the command has it.
    package static func index(environment: [String: String]) -> LibraryIndex {
        var values: [String: String] = [:]
        for path in files(environment) {
            guard let text = try? SmallFile.read(path, limit: 256 << 10) else { continue }
            values.merge(parse(text)) { $1 }
        }
        for name in names {
            let variable = "PIP_" + name.uppercased().split(separator: "-").joined(separator: "_")
            if let value = environment[variable], !value.isEmpty { values[name] = value }
        }
        return index(of: values)
    }

    private static let names = ["index-url", "extra-index-url", "find-links", "no-index", "cert"]

    private static func index(of values: [String: String]) -> LibraryIndex {
        var index = LibraryIndex()
        if let url = values["index-url"] { index.url = url }
        if ["1", "true", "yes", "on"].contains(values["no-index"]?.lowercased() ?? "") { index.url = nil }
        index.more = index.url == nil ? [] : words(values["extra-index-url"])
        index.folders = words(values["find-links"]).map {
            $0.hasPrefix("file://") ? String($0.dropFirst(7)) : $0
        }
        .filter { $0.hasPrefix("/") }
        index.certificates = values["cert"]
        return index
    }

    private static func words(_ text: String?) -> [String] {
        (text ?? "").split(whereSeparator: \.isWhitespace).map(String.init)
    }

    private static func files(_ environment: [String: String]) -> [String] {
        let own = environment["PIP_CONFIG_FILE"]
        if own == "/dev/null" { return [] }
        var files = ["/etc/xdg/pip/pip.conf", "/etc/pip.conf"]
        if let home = environment["HOME"], !home.isEmpty {
            let configuration =
                environment["XDG_CONFIG_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? home + "/.config"
            files += [home + "/.pip/pip.conf", configuration + "/pip/pip.conf"]
        }
        return files + [own].compactMap { $0 }
    }

    /// The values of `[global]` and, over them, `[install]`; continued lines are joined by spaces.
    static func parse(_ text: String) -> [String: String] {
        var sections: [String: [String: String]] = [:]
        var section = ""
        var name: String?
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            let content = trimmed(line)
            if content.isEmpty || content.hasPrefix("#") || content.hasPrefix(";") { continue }
            if line.first?.isWhitespace == true, let name {
                sections[section]?[name]? += " " + content
            } else if content.hasPrefix("["), content.hasSuffix("]") {
                section = content.dropFirst().dropLast().lowercased()
                sections[section, default: [:]] = sections[section] ?? [:]
                name = nil
            } else if let sign = content.firstIndex(where: { $0 == "=" || $0 == ":" }) {
                let key = trimmed(content[..<sign]).lowercased().split(separator: "_").joined(separator: "-")
                sections[section, default: [:]][key] = trimmed(content[content.index(after: sign)...])
                name = key
            }
        }
        return (sections["global"] ?? [:]).merging(sections["install"] ?? [:]) { $1 }
    }

    private static func trimmed(_ text: Substring) -> String {
        let start = text.drop(while: \.isWhitespace)
        return start.lastIndex { !$0.isWhitespace }.map { String(start[...$0]) } ?? ""
    }

    private static func trimmed(_ text: String) -> String { trimmed(text[...]) }

    /// The same configuration as variables alone, for a process that has neither our home nor our environment.
    package static func variables(of index: LibraryIndex) -> [String] {
        var variables = ["PIP_CONFIG_FILE=/dev/null"]
        if let url = index.url {
            variables.append("PIP_INDEX_URL=\(url)")
        } else {
            variables.append("PIP_NO_INDEX=1")
        }
        if !index.more.isEmpty {
            variables.append("PIP_EXTRA_INDEX_URL=\(index.more.joined(separator: " "))")
        }
        if !index.folders.isEmpty {
            variables.append("PIP_FIND_LINKS=\(index.folders.joined(separator: " "))")
        }
        if let certificates = index.certificates { variables.append("PIP_CERT=\(certificates)") }
        return variables
    }
}
