internal import Domain
internal import JSON
package import Languages

/// One language in the answer of `GET /v1/languages`.
package struct LanguageListing: Hashable, Sendable {
    package var id: String
    package var name: String
    /// Of the runtime found on this machine.
    package var version: String?
    /// When that version came out, at the latest.
    package var release: Release?
    package var aliases: [String]
    package var extensions: [String]
    /// How its programs start: `forked` from a warm interpreter, `pooled` (one that was started for each run
    /// alone), or by `exec`.
    package var start: String
    package var installed: Bool
    /// Whether `check_types` can be asked for.
    package var checksTypes = false
    /// The command that installs what is missing.
    package var hint: String?

    package init(
        id: String, name: String, version: String?, aliases: [String], extensions: [String], start: String,
        installed: Bool, hint: String?
    ) {
        self.id = id
        self.name = name
        self.version = version
        self.aliases = aliases
        self.extensions = extensions
        self.start = start
        self.installed = installed
        self.hint = hint
    }

    package static func encode(_ listing: [LanguageListing]) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.name("languages")
        writer.beginArray()
        for language in listing { language.write(to: &writer) }
        writer.endArray()
        writer.endObject()
        return writer.bytes
    }

    private func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.name("id")
        writer.value(id)
        writer.name("name")
        writer.value(name)
        writer.name("version")
        writer.value(version)
        writer.name("released")
        writer.value(release?.day.description)
        writer.name("released_by")
        writer.value(release?.source.rawValue)
        writer.name("age_days")
        writer.value(release?.age(at: WallClock.now()))
        writer.name("aliases")
        writer.beginArray()
        for alias in aliases { writer.value(alias) }
        writer.endArray()
        writer.name("extensions")
        writer.beginArray()
        for suffix in extensions { writer.value(suffix) }
        writer.endArray()
        writer.name("start")
        writer.value(start)
        writer.name("installed")
        writer.value(installed)
        writer.name("check_types")
        writer.value(checksTypes)
        writer.name("hint")
        writer.value(hint)
        writer.endObject()
    }
}
