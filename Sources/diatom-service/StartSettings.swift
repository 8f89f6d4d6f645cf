internal import Configuration
internal import Glibc
internal import Posix

/// The settings that the service starts with, gathered once: whoever keeps it hands them on.
struct StartSettings {
    /// Words that are no setting.
    private static let fileFlag = "--config"
    private static let printFlag = "--print-config"
    private static let testFlag = "--test-alerts"
    private static let handedFlag = "--settings-descriptor"
    private static let mostHanded = 1 << 20

    var layers = SettingLayers(ServiceOptions.kinds)
    var isPrinted = false
    var isAlertTest = false

    init(_ arguments: [String]) throws {
        if arguments.first == Self.handedFlag, arguments.count == 2, let descriptor = Int32(arguments[1]) {
            layers.add(try Self.handed(descriptor))
            return
        }
        var words = arguments
        isPrinted = Self.take(Self.printFlag, from: &words)
        isAlertTest = Self.take(Self.testFlag, from: &words)
        if let path = try Self.file(&words) {
            try layers.add(file: try ConfigurationFile.read(path), path: path)
        }
        layers.add(environment: Self.environment())
        try layers.add(arguments: words)
    }

    /// A descriptor from which a service reads these, with more, whatever their owner may read.
    func handOver(with more: [Setting]) throws(SystemFailure) -> Descriptor {
        var all = layers
        all.add(more)
        let lines = all.settings.map { "\($0.name)\t\($0.source)\t\($0.value)\0" }.joined()
        return try SealedMemory.make("diatom-settings", [Array(lines.utf8)])
    }

    static func arguments(descriptor: Int32) -> [String] { [handedFlag, "\(descriptor)"] }

    private static func handed(_ descriptor: Int32) throws(SystemFailure) -> [Setting] {
        let text = String(decoding: try SmallFile.read(descriptor, limit: mostHanded), as: UTF8.self)
        close(descriptor)
        return text.split(separator: "\0").compactMap { line in
            let parts = line.split(separator: "\t", maxSplits: 2, omittingEmptySubsequences: false)
            return parts.count == 3
                ? Setting(String(parts[0]), String(parts[2]), source: String(parts[1])) : nil
        }
    }

    private static func take(_ flag: String, from words: inout [String]) -> Bool {
        let count = words.count
        words.removeAll { $0 == flag }
        return words.count < count
    }

    /// The one that is named, or the usual one if it is there.
    private static func file(_ words: inout [String]) throws(SettingLayers.Wrong) -> String? {
        if let index = words.firstIndex(of: fileFlag) {
            guard index + 1 < words.count else { throw .missingValue(fileFlag) }
            defer { words.removeSubrange(index...(index + 1)) }
            return words[index + 1]
        }
        if let path = variable("DIATOM_CONFIG"), !path.isEmpty { return path }
        let usual = usualFile()
        return SmallFile.exists(usual) ? usual : nil
    }

    private static func usualFile() -> String {
        if geteuid() == 0 { return "/etc/diatom/diatom.toml" }
        if let folder = variable("XDG_CONFIG_HOME"), folder.hasPrefix("/") {
            return folder + "/diatom/diatom.toml"
        }
        return (variable("HOME") ?? "/nonexistent") + "/.config/diatom/diatom.toml"
    }

    private static func environment() -> [String: String] {
        let pairs = ServiceOptions.kinds.compactMap { kind in
            variable(kind.variable).map { (kind.variable, $0) }
        }
        return Dictionary(uniqueKeysWithValues: pairs)
    }
}
