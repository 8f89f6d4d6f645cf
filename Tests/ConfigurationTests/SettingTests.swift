internal import Configuration
internal import Testing

struct SettingTests {
    private static let kinds = [
        SettingKind("--history-days", usual: "30"), SettingKind("--listen", isList: true),
        SettingKind("--verbose", usual: "no", isFlag: true),
        SettingKind("--smtp-password", isSecret: true),
    ]

    private func layers(
        file: String = "", path: String = "d.toml", _ environment: [String: String] = [:],
        _ arguments: [String] = []
    ) throws -> SettingLayers {
        var layers = SettingLayers(Self.kinds)
        if !file.isEmpty { try layers.add(file: try ConfigurationFile.parse(file, path: path), path: path) }
        layers.add(environment: environment)
        try layers.add(arguments: arguments)
        return layers
    }

    @Test func `options override variables, which override the file`() throws {
        let file = "history_days = 1\nlisten = [\"a:1\", \"b:2\"]\nverbose = true\n"
        let all = try layers(
            file: file, ["DIATOM_HISTORY_DAYS": "2"], ["--history-days", "3", "--listen", "c:3"])
        #expect(
            all.settings.first { $0.name == "--history-days" }
                == Setting("--history-days", "3", source: SettingLayers.commandLine))
        #expect(all.settings.first { $0.name == "--listen" }?.value == "c:3")
        #expect(
            all.settings.first { $0.name == "--verbose" } == Setting("--verbose", "yes", source: "d.toml"))
        let two = try layers(file: file, ["DIATOM_HISTORY_DAYS": "2"])
        #expect(two.settings.first { $0.name == "--history-days" }?.source == "DIATOM_HISTORY_DAYS")
        #expect(two.settings.first { $0.name == "--listen" }?.value == "a:1,b:2")
    }

    @Test func `lists on the command line add up`() throws {
        let all = try layers([:], ["--listen", "a:1", "--listen", "b:2", "-v"])
        #expect(all.settings.map(\.value) == ["a:1,b:2", "yes"])
    }

    @Test(arguments: [
        ("d.toml", "[history]\ndays = 7\n"), ("d.toml", "history-days = \"7\""),
        ("d.json", #"{"history":{"days":7}}"#),
    ])
    func `a file may be written in several ways`(_ path: String, _ text: String) throws {
        #expect(try layers(file: text, path: path).settings == [Setting("--history-days", "7", source: path)])
    }

    @Test(arguments: [
        ("d.toml", "history_days ="), ("d.toml", "histroy_days = 7"), ("d.toml", "listen = 2020-01-01"),
        ("d.toml", "a = 1\na = 2"),
        ("d.json", "[]"), ("d.json", "{"), ("d.json", #"{"listen":null}"#), ("d.toml", "[[listen]]\na = 1"),
    ])
    func `a file that is wrong is named`(_ path: String, _ text: String) {
        let wrong = #expect(throws: SettingLayers.Wrong.self) { _ = try layers(file: text, path: path) }
        #expect(wrong.map { "\($0)".hasPrefix(path) } == true)
    }

    @Test func `secrets are not taken from the command line, and not shown`() throws {
        #expect(throws: SettingLayers.Wrong.self) { _ = try layers([:], ["--smtp-password", "hunter2"]) }
        let text = try layers(["DIATOM_SMTP_PASSWORD": "hunter2"]).text()
        #expect(!text.contains("hunter2") && text.contains("(secret)"))
    }

    @Test func `what is printed can be read again`() throws {
        let text = try layers(file: "listen = \"a\\\"b:1\"", [:], ["--history-days", "9"]).text()
        let again = try layers(file: text.replacing("smtp_password = \"\"", with: ""))
        #expect(again.settings.first { $0.name == "--history-days" }?.value == "9")
        #expect(again.settings.first { $0.name == "--listen" }?.value == "a\"b:1")
        #expect(
            text.contains("# d.toml") && text.contains("# the default") && text.contains("# the command line")
        )
    }
}
