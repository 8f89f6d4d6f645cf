internal import JSON

extension Command {
    static let version = Command(
        name: "version", summary: "print the version",
        usage: ["version [--json]"],
        options: [.json],
        examples: [("diatom version --json", #"{"version":"…"}"#)],
        body: { (invocation) throws(UsageError) in
            let messages = Messages(environment: invocation.environment)
            guard invocation.parsed.has(.json) else {
                messages.print("diatom \(ProductVersion.current)")
                return 0
            }
            var writer = JSONWriter()
            writer.beginObject()
            writer.name("version")
            writer.value(ProductVersion.current)
            writer.endObject()
            messages.print(String(decoding: writer.bytes, as: UTF8.self))
            return 0
        })
}
