internal import API
internal import Configuration
internal import Delivery
internal import Domain
internal import Engine
internal import Posix
internal import Records
internal import Service
internal import Telemetry

/// The arguments of `diatom-service`, which `diatom serve` passes on.
struct ServiceOptions {
    var data: String
    var allowed: [String] = []
    var preload: [String] = []
    /// Sessions at a time; 0 for none at all.
    var mostSessions = 100
    var sessionPreload: [String] = []
    /// Servers that runs may reach although their addresses are private.
    var privateEndpoints: [NetworkPolicy.Endpoint] = []
    var jailerSocket: String?
    /// The file that `diatom languages add` writes.
    var toolchains: String
    var warmNode = WarmNode.yes
    /// The user that the service becomes, when root starts it.
    var user: UInt32?
    /// Of the compile cache; 0 turns it off.
    var compileCacheMebibytes = 512
    /// Of environments of libraries; 0 refuses libraries.
    var environmentsMebibytes = 4096
    var environmentBuildMebibytes = 2048
    /// Runs that wait; more are refused with 429.
    var mostWaiting = 500
    /// Runs that were let in, sleeping ones too.
    var mostRuns = 1_000
    /// Clients' connections, at the unix socket and by TCP each.
    var mostConnections = 4_096
    /// Of the machine's memory, kept free; nil is a tenth.
    var reserveMebibytes: Int?
    /// Servers of files that the package index leads to.
    var indexHosts: [String] = []
    var isVerbose = false
    var logFormat = Log.Format.text
    /// Where it listens by TCP; none where only the unix socket is wanted.
    var endpoints = [TCPEndpoint(host: "127.0.0.1", port: 3428)]
    var certificate: String?
    var certificateKey: String?
    /// Whose pages may use the service with a key.
    var origins: Set<String> = []
    /// Whether runs, keys and the audit log are kept.
    var keepsRecords = true
    var records = RecordSettings()
    var sendsWebhooks = true

    /// Where spans go, and the share of traces that do.
    var collector: String?
    var traceShare = 1.0
    var alerts = AlertThresholds()
    var alertWebhook: String?
    var alertSlack: String?
    var mailRecipients: [String] = []
    var mailServer: String?
    var mailSender: String?
    var mailUser: String?
    var mailPassword: String?

    indirect enum Wrong: Error, CustomStringConvertible {
        case number(String)
        case endpoint(String)
        case listen(String)
        case halfIdentity
        case choice(String, String, String)
        case warmNode(String)
        case share(String)
        case url(String, String)
        case mail(String, String)
        case halfMail
        case from(String, Wrong)

        var description: String {
            switch self {
            case .number(let name): "\(name): a whole number within its bounds was expected"
            case .endpoint(let text): "--allow-private: '\(text)', where HOST:PORT was expected"
            case .listen(let text): "--listen: '\(text)', where HOST:PORT, [IPV6]:PORT or 'none' was expected"
            case .halfIdentity: "--tls-cert and --tls-key: one is of no use without the other"
            case .choice(let name, let value, let expected):
                "\(name): '\(value)', where \(expected) was expected"
            case .warmNode(let value): "--warm-node: '\(value)', where yes, pooled or no was expected"
            case .share(let name): "\(name): a number from 0 to 1, or 'off', was expected"
            case .url(let name, let why): "\(name): \(why)"
            case .mail(let name, let value): "\(name): '\(value.prefix(64))' is no mail address"
            case .halfMail: "--alert-email: needs --smtp-url and --smtp-from"
            case .from(let source, let wrong): "\(source): \(wrong)"
            }
        }
    }

    init(_ settings: [Setting], defaultData: String, defaultToolchains: String) throws(Wrong) {
        data = defaultData
        toolchains = defaultToolchains
        for setting in settings {
            do throws(Wrong) { try set(setting.name, setting.value) } catch {
                throw setting.source == SettingLayers.commandLine ? error : .from(setting.source, error)
            }
        }
        guard (certificate == nil) == (certificateKey == nil) else { throw .halfIdentity }
        guard mailRecipients.isEmpty || (mailServer != nil && mailSender != nil) else { throw .halfMail }
    }

    private mutating func set(_ name: String, _ value: String) throws(Wrong) {
        let list = value.split(separator: ",").map(String.init)
        switch name {
        case "--data": data = value
        case "--verbose":
            guard ["yes", "no"].contains(value) else { throw .choice(name, value, "yes or no") }
            isVerbose = value == "yes"
        case "--otlp-endpoint": collector = try Self.url(name, value)
        case "--trace-share": traceShare = try Self.share(name, value) ?? 0
        case "--alert-error-rate": alerts.errorRate = try Self.share(name, value)
        case "--alert-queue": alerts.queue = try Self.share(name, value)
        case "--alert-disk-free": alerts.diskFree = try Self.share(name, value)
        case "--alert-wait-ms":
            alerts.waitP99 = value == "off" ? nil : .milliseconds(try Self.count(name, value, 1...3_600_000))
        case "--alert-webhook": alertWebhook = try Self.url(name, value)
        case "--alert-slack": alertSlack = try Self.url(name, value)
        case "--alert-email":
            for text in list { mailRecipients.append(try Self.mailAddress(name, text)) }
        case "--smtp-url":
            guard value.hasPrefix("smtp://") || value.hasPrefix("smtps://"), !value.contains("@") else {
                throw .url(name, "smtp://HOST:PORT or smtps://HOST:PORT was expected")
            }
            mailServer = value
        case "--smtp-from": mailSender = try Self.mailAddress(name, value)
        case "--smtp-user": mailUser = value
        case "--smtp-password": mailPassword = value
        case "--listen":
            endpoints = []
            for text in list where text != "none" {
                guard let endpoint = TCPEndpoint(parsing: text) else { throw .listen(text) }
                endpoints.append(endpoint)
            }
        case "--history":
            guard ["yes", "no"].contains(value) else { throw .choice(name, value, "yes or no") }
            keepsRecords = value == "yes"
        case "--webhooks":
            guard ["yes", "no"].contains(value) else { throw .choice(name, value, "yes or no") }
            sendsWebhooks = value == "yes"
        case "--history-days":
            guard let days = Int(value), (0...36_500).contains(days) else { throw .number(name) }
            records.mostAge = days == 0 ? nil : .seconds(days * 86_400)
        case "--history-mb": records.mostBytes = .mebibytes(try Self.mebibytes(name, value, from: 1))
        case "--result-cache-mb":
            records.mostResultBytes = .mebibytes(try Self.mebibytes(name, value, from: 0))
        case "--result-cache-hours":
            records.mostResultAge = .seconds(try Self.count(name, value, 1...87_600) * 3_600)
        case "--tls-cert": certificate = value
        case "--tls-key": certificateKey = value
        case "--cors-origins":
            for text in list where !CrossOrigin.isOrigin(text) {
                throw .choice(name, text, "an origin such as https://app.example.org")
            }
            origins.formUnion(list)
        case "--allow": allowed += list
        case "--preload": preload += list
        case "--sessions": mostSessions = try Self.count(name, value, 0...400)
        case "--session-preload": sessionPreload += list
        case "--allow-private":
            for text in list {
                guard let endpoint = try? NetworkPolicy.Endpoint(parsing: text) else { throw .endpoint(text) }
                privateEndpoints.append(endpoint)
            }
        case "--compile-cache-mb":
            compileCacheMebibytes = try Self.mebibytes(name, value, from: 0)
        case "--environments-mb": environmentsMebibytes = try Self.mebibytes(name, value, from: 0)
        case "--environment-build-mb": environmentBuildMebibytes = try Self.mebibytes(name, value, from: 64)
        case "--queue": mostWaiting = try Self.count(name, value, 0...100_000)
        case "--runs": mostRuns = try Self.count(name, value, 1...100_000)
        case "--connections": mostConnections = try Self.count(name, value, 1...100_000)
        case "--reserve-memory-mb": reserveMebibytes = try Self.mebibytes(name, value, from: 0)
        case "--log-format":
            guard let format = Log.Format(rawValue: value) else {
                throw .choice(name, value, "text or json")
            }
            logFormat = format
        case "--index-hosts": indexHosts += list
        case "--warm-node":
            guard let kind = WarmNode(rawValue: value) else { throw .warmNode(value) }
            warmNode = kind
        case "--jailer-socket": jailerSocket = value
        case "--toolchains": toolchains = value
        default: user = UInt32(value)
        }
    }

    private static func share(_ name: String, _ value: String) throws(Wrong) -> Double? {
        if value == "off" { return nil }
        guard let share = Double(value), (0...1).contains(share) else { throw .share(name) }
        return share
    }

    /// The operator's own, which may be anywhere, and in clear.
    private static func url(_ name: String, _ value: String) throws(Wrong) -> String {
        do throws(WebURL.Invalid) { return try WebURL(parsing: value).description } catch {
            throw .url(name, "the URL \(error)")
        }
    }

    private static func mailAddress(_ name: String, _ value: String) throws(Wrong) -> String {
        let parts = value.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty, value.utf8.count <= 254,
            value.utf8.allSatisfy({ (0x21...0x7e).contains($0) && !"<>(),;:\\\"[]".utf8.contains($0) })
        else { throw .mail(name, value) }
        return value
    }

    private static func mebibytes(_ name: String, _ value: String, from least: Int) throws(Wrong) -> Int {
        try count(name, value, least...1_048_576)
    }

    private static func count(_ name: String, _ value: String, _ range: ClosedRange<Int>) throws(Wrong) -> Int
    {
        guard let count = Int(value), range.contains(count) else { throw .number(name) }
        return count
    }

    /// What is served by TLS, read now; the service's own user must be able to read it.
    func identity() throws(SystemFailure) -> TLSIdentity? {
        guard let certificate, let certificateKey else { return nil }
        return TLSIdentity(
            certificate: try SmallFile.read(certificate, limit: 1 << 20),
            key: try SmallFile.read(certificateKey, limit: 1 << 20))
    }

    /// What may run and wait at the same time on this many processors.
    func admission(processors: Int) -> AdmissionLimits {
        var limits = AdmissionLimits(processors: processors)
        limits.mostWaiting = mostWaiting
        limits.mostRunning = mostRuns
        limits.memoryReserve = reserveMebibytes.map(ByteCount.mebibytes)
        return limits
    }

    /// Free memory under which the largest run ends: three tenths of that under which new ones wait.
    var leastMebibytes: Int? { reserveMebibytes.map { $0 * 3 / 10 } }

    var environmentsFolder: String? { environmentsMebibytes > 0 ? data + "/environments" : nil }
}
