internal import API
internal import Delivery
internal import Domain
internal import Egress
internal import Glibc
internal import Posix
internal import Records
internal import Telemetry

/// What the service sends to the outside by itself.
struct Outbound {
    let couriers: Couriers
    let webhooks: WebhookSender?
    private let records: Records?
    private let options: ServiceOptions
    private let log: Log
    private let addresses: ServerAddresses
    let spans: SpanExporter?

    init(_ options: ServiceOptions, _ records: Records?, _ log: Log) {
        self.records = records
        self.options = options
        self.log = log
        addresses = ServerAddresses(privateEndpoints: options.privateEndpoints)
        couriers = Self.makeCouriers()
        spans = Self.collector(options).map { [couriers] url in
            SpanExporter(
                url: url, headers: Self.collectorHeaders(), share: options.traceShare,
                version: ApplicationConfiguration().version, couriers: couriers, log: log)
        }
        guard let records, options.sendsWebhooks else {
            webhooks = nil
            return
        }
        webhooks = WebhookSender(
            store: records, couriers: couriers, addresses: addresses, log: log,
            body: { await LostRun.result(of: $0.run, records) })
    }

    /// For requests: who may be one's webhook, and how it is said that there is something to send.
    var port: Webhooks? {
        guard let records, let webhooks else { return nil }
        return Webhooks(store: records, ring: { webhooks.ring() }) { [addresses] url in
            guard url.scheme == .https || addresses.isExcepted(url.endpoint) else {
                return
                    "is no https:// URL; its operator can allow this one by --allow-private \(url.endpoint)"
            }
            return addresses.obstacle(to: url.endpoint)
        }
    }

    /// Works from now on.
    ///
    /// `reading`: How the engine is doing; what the application knows is added.
    func begin(for application: Application, reading: @escaping @Sendable () -> ServiceReading) {
        watch(application, reading)
        if let spans {
            application.metrics.registry.add([
                Gauge(
                    MetricName("diatom_spans_dropped_total", "Spans that no collector got."), kind: .counter,
                    { Double(spans.dropped) })
            ])
            Task { await spans.run() }
        }
        guard let webhooks else { return }
        application.metrics.registry.add([
            Gauge(
                MetricName("diatom_webhooks_delivered_total", "Results that arrived at webhooks."),
                kind: .counter,
                { Double(webhooks.counts.delivered) }),
            Gauge(
                MetricName("diatom_webhooks_failed_total", "Attempts to deliver a result that failed."),
                kind: .counter, { Double(webhooks.counts.failed) }),
            Gauge(
                MetricName("diatom_webhooks_given_up_total", "Results that were given up."), kind: .counter,
                { Double(webhooks.counts.givenUp) }),
        ])
        Task { await webhooks.run() }
    }

    private func watch(_ application: Application, _ reading: @escaping @Sendable () -> ServiceReading) {
        let trouble = records.map { records in { @Sendable in records.trouble } }
        let watch = AlertWatch(
            options.alerts, channels: Self.channels(options), host: Self.host, couriers: couriers, log: log,
            sign: { [records] in records?.sign($0) ?? [] },
            read: { [recent = application.metrics.recent] in
                var now = reading()
                let runs = recent.summary(of: .seconds(300))
                (now.runs, now.failedRuns, now.waitP99) = (runs.runs, runs.failed, runs.waitP99)
                now.storeTrouble = trouble?()
                return now
            })
        Task { await watch.run() }
    }

    /// Tells everybody who would be told that this is a test.
    ///
    /// - Returns: The exit code: 0 where all of them heard it.
    static func testAlerts(_ options: ServiceOptions) async -> Int32 {
        let channels = channels(options)
        guard !channels.isEmpty else {
            fail("serve: nobody would be told: give --alert-webhook, --alert-email or alert_slack", code: 2)
        }
        let key = try? await Records(folder: options.data)
        let watch = AlertWatch(
            options.alerts, channels: channels, host: host, couriers: makeCouriers(),
            log: Log(program: "diatom"),
            sign: { key?.sign($0) ?? [] }, read: { ServiceReading() })
        let told = await watch.test()
        for (channel, problem) in told { print("\(channel): \(problem ?? "told")") }
        return told.allSatisfy { $0.problem == nil } ? 0 : 1
    }

    private static func makeCouriers() -> Couriers {
        Couriers(program: ChildProcess.ownFolder() + "/diatom-courier", environment: proxies)
    }

    private static func channels(_ options: ServiceOptions) -> [AlertChannel] {
        var channels: [AlertChannel] = []
        if let url = options.alertWebhook { channels.append(.webhook(url)) }
        if let url = options.alertSlack { channels.append(.slack(url)) }
        if let server = options.mailServer, let sender = options.mailSender, !options.mailRecipients.isEmpty {
            let server = AlertChannel.MailServer(
                url: server, from: sender, user: options.mailUser, password: options.mailPassword)
            channels.append(.mail(server, to: options.mailRecipients))
        }
        return channels
    }

    private static var host: String {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    func stop() async {
        webhooks?.stop()
        await spans?.stop()
    }

    /// As OpenTelemetry's own programs are told where their collector is.
    private static func collector(_ options: ServiceOptions) -> String? {
        if let url = options.collector ?? variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") { return url }
        return variable("OTEL_EXPORTER_OTLP_ENDPOINT").map { base in
            (base.hasSuffix("/") ? String(base.dropLast()) : base) + "/v1/traces"
        }
    }

    private static func collectorHeaders() -> [(name: String, value: String)] {
        let text =
            variable("OTEL_EXPORTER_OTLP_TRACES_HEADERS") ?? variable("OTEL_EXPORTER_OTLP_HEADERS") ?? ""
        return text.split(separator: ",").compactMap { pair in
            let parts = pair.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, let value = PercentEncoding.decode(String(parts[1])) else { return nil }
            return (String(parts[0].filter { $0 != " " }), value)
        }
    }

    /// Proxies, and whom to trust, for what the operator named.
    private static var proxies: [String] {
        let names = ["http_proxy", "https_proxy", "all_proxy", "no_proxy"]
        return set(names + names.map { $0.uppercased() } + ["SSL_CERT_FILE", "SSL_CERT_DIR"])
    }

    /// Of the environment, what a service needs for sending.
    static var surroundings: [String] {
        proxies
            + set(
                ["", "_TRACES"].flatMap { part in
                    ["ENDPOINT", "HEADERS"].map { "OTEL_EXPORTER_OTLP\(part)_\($0)" }
                })
    }

    private static func set(_ names: [String]) -> [String] {
        names.compactMap { name in variable(name).map { "\(name)=\($0)" } }
    }
}
