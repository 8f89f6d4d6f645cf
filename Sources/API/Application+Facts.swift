internal import Domain
internal import JSON

/// What the service says of itself.
extension Application {
    func listLanguages() -> HTTPResponse { .json(200, LanguageListing.encode(languages.listing)) }

    func showVersion() -> HTTPResponse {
        .json(200, Self.object(("name", "diatom"), ("version", version)))
    }

    /// Whether it answers at all.
    func showHealth() -> HTTPResponse { .json(200, Self.object(("status", "ok"))) }

    /// Whether it should be sent work; what is degraded is named, and work is taken nevertheless.
    func showReadiness() throws(APIError) -> HTTPResponse {
        guard !isDraining else { throw APIError(.draining) }
        let troubles = records.trouble.flatMap { $0() }.map { [("store", $0)] } ?? []
        var writer = JSONWriter(capacity: 128)
        writer.beginObject()
        writer.member("status", troubles.isEmpty ? "ready" : "degraded")
        if !troubles.isEmpty {
            writer.name("degraded")
            writer.beginObject()
            for (part, why) in troubles {
                writer.name(escaping: part)
                writer.value(why)
            }
            writer.endObject()
        }
        writer.endObject()
        return .json(200, writer.bytes)
    }
}
