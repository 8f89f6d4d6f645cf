internal import Domain
internal import JSON
internal import Telemetry

/// What the service says of itself.
extension Application {
    func listLanguages() -> HTTPResponse { .json(200, LanguageListing.encode(languages.listing)) }

    func showVersion() -> HTTPResponse {
        var writer = JSONWriter(capacity: 128)
        writer.beginObject()
        writer.member("name", "diatom")
        writer.member("version", version)
        // As Standard Webhooks writes it: whoever gets deliveries checks them by it.
        if let key = records.webhooks?.store.webhookKey {
            var text = Array(Webhook.keyPrefix.utf8)
            Base64.append(key, to: &text)
            writer.member("webhook_public_key", String(decoding: text, as: UTF8.self))
        }
        writer.endObject()
        return .json(200, writer.bytes)
    }

    /// Everything that is counted and measured, in Prometheus' text format.
    func showMetrics() -> HTTPResponse {
        HTTPResponse(
            status: 200,
            headers: HTTPHeaders([
                "Content-Type": MetricRegistry.contentType, "Cache-Control": "no-store",
                "X-Content-Type-Options": "nosniff",
            ]), body: Array(metrics.registry.text.utf8))
    }

    /// What is looked at when somebody asks.
    func addGauges() {
        metrics.registry.add([
            Gauge(MetricName("diatom_runs_under_way", "Runs that were taken on and have not ended.")) {
                [registry = desk.registry] in Double(registry.underWay)
            },
            Gauge(MetricName("diatom_draining", "1 while no new runs are taken.")) { [weak self] in
                self?.isDraining == true ? 1 : 0
            },
            Gauge(MetricName("diatom_store_degraded", "1 while the store cannot keep what it is given.")) {
                [trouble = records.trouble] in trouble.map { $0() == nil ? 0 : 1 }
            },
        ])
    }

    /// Whether it answers at all.
    func showHealth() -> HTTPResponse { .json(200, Self.object(("status", "ok"))) }

    /// Whether it should be sent work; what is degraded is named, and work is taken nevertheless.
    func showReadiness() throws(APIError) -> HTTPResponse {
        guard !isDraining else { throw APIError(.draining) }
        let troubles = (records.trouble.flatMap { $0() }.map { [("store", $0)] } ?? []) + self.troubles()
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
