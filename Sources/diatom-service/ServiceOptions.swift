internal import Domain
internal import Engine
internal import Posix
internal import Records
internal import Service

/// The arguments of `diatom-service`, which `diatom serve` passes on.
struct ServiceOptions {
    var data: String
    var allowed: [String] = []
    var preload: [String] = []
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
    /// Of the machine's memory, kept free; nil is a tenth.
    var reserveMebibytes: Int?
    /// Servers of files that the package index leads to.
    var indexHosts: [String] = []
    var isVerbose = false
    /// Where it listens by TCP; none where only the unix socket is wanted.
    var endpoints = [TCPEndpoint(host: "127.0.0.1", port: 3428)]
    var certificate: String?
    var certificateKey: String?
    /// Whether runs, keys and the audit log are kept.
    var keepsRecords = true
    var records = RecordSettings()

    enum Wrong: Error, CustomStringConvertible {
        case number(String)
        case endpoint(String)
        case listen(String)
        case halfIdentity
        case choice(String, String, String)
        case warmNode(String)
        case unknown(String)
        case missingValue(String)

        var description: String {
            switch self {
            case .number(let name): "\(name): a whole number within its bounds was expected"
            case .endpoint(let text): "--allow-private: '\(text)', where HOST:PORT was expected"
            case .listen(let text): "--listen: '\(text)', where HOST:PORT, [IPV6]:PORT or 'none' was expected"
            case .halfIdentity: "--tls-cert and --tls-key: one is of no use without the other"
            case .choice(let name, let value, let expected):
                "\(name): '\(value)', where \(expected) was expected"
            case .warmNode(let value): "--warm-node: '\(value)', where yes, pooled or no was expected"
            case .unknown(let name): "there is no option '\(name)'"
            case .missingValue(let name): "\(name): its value is missing"
            }
        }
    }

    static let help = """
        diatom serve: the service; listens at 127.0.0.1:3428 and on a unix socket in its data folder

          --data DIR            where the socket, the store and what is kept live
          --listen HOST:PORT,…  where to listen by TCP, besides the socket; 'none' for nowhere. What is no loopback
                                address needs a key first (diatom keys create)
          --history yes|no      whether runs and the audit log are kept, and keys can be made (default: yes)
          --history-days N      runs that are older go (default: 30; 0: never); the audit log stays
          --history-mb N        what requests, results and files of runs may take (default: 4096)
          --tls-cert FILE, --tls-key FILE
                                a certificate with its chain and its key, in PEM: serve HTTPS there
          --allow NAME,…        isolation layers whose absence is allowed, e.g. memory:sampled
          --preload MODULE,…    modules that the warm Python host imports besides its standard list
          --allow-private HOST:PORT,…
                                servers that runs may name in 'network' although their addresses are private
          --compile-cache-mb N  what compiled programs may take in the data folder (default: 512; 0: none are kept)
          --environments-mb N   what environments of libraries may take (default: 4096; 0: libraries are refused)
          --environment-build-mb N  memory and disk of a sandbox that makes one (default: 2048)
          --queue N             runs that wait at most (default: 500); more are answered with 429
          --runs N              runs at a time at most, sleeping ones too (default: 1000)
          --reserve-memory-mb N  free memory under which new runs wait (default: a tenth of the machine's)
          --index-hosts HOST[:PORT],…  servers of files that the package index leads to, besides itself
          --toolchains FILE     what 'diatom languages add' wrote; the default is the same as there
          --warm-node KIND      yes: fork Node where it can be, else as pooled (the default); pooled: start one ahead
                                for each run; no: start Node when a run is there
          --jailer-socket PATH  a diatom-jailer that runs as a daemon of its own
          --verbose             log every request

        example: diatom serve --data /tmp/diatom &
                 curl --unix-socket /tmp/diatom/diatom.sock -H 'Content-Type: application/json' \\
                   -d '{"language":"python","code":"print(6*7)"}' http://localhost/v1/runs

        """

    init(
        _ arguments: [String], defaultData: String, defaultToolchains: String, defaultListen: String?
    ) throws(Wrong) {
        data = defaultData
        toolchains = defaultToolchains
        if let defaultListen { try set("--listen", defaultListen) }
        var rest = arguments[...]
        while let name = rest.popFirst() {
            if name == "--verbose" || name == "-v" {
                isVerbose = true
                continue
            }
            guard Self.names.contains(name) else { throw .unknown(name) }
            guard let value = rest.popFirst() else { throw .missingValue(name) }
            try set(name, value)
        }
        guard (certificate == nil) == (certificateKey == nil) else { throw .halfIdentity }
    }

    private static let names = [
        "--data", "--history", "--history-days", "--history-mb", "--listen", "--tls-cert", "--tls-key",
        "--allow", "--allow-private", "--preload", "--compile-cache-mb", "--jailer-socket",
        "--toolchains", "--user", "--warm-node",
        "--environments-mb", "--environment-build-mb", "--index-hosts",
        "--queue", "--runs", "--reserve-memory-mb",
    ]

    private mutating func set(_ name: String, _ value: String) throws(Wrong) {
        let list = value.split(separator: ",").map(String.init)
        switch name {
        case "--data": data = value
        case "--listen":
            endpoints = []
            for text in list where text != "none" {
                guard let endpoint = TCPEndpoint(parsing: text) else { throw .listen(text) }
                endpoints.append(endpoint)
            }
        case "--history":
            guard ["yes", "no"].contains(value) else { throw .choice(name, value, "yes or no") }
            keepsRecords = value == "yes"
        case "--history-days":
            guard let days = Int(value), (0...36_500).contains(days) else { throw .number(name) }
            records.mostAge = days == 0 ? nil : .seconds(days * 86_400)
        case "--history-mb": records.mostBytes = .mebibytes(try Self.mebibytes(name, value, from: 1))
        case "--tls-cert": certificate = value
        case "--tls-key": certificateKey = value
        case "--allow": allowed += list
        case "--preload": preload += list
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
        case "--reserve-memory-mb": reserveMebibytes = try Self.mebibytes(name, value, from: 0)
        case "--index-hosts": indexHosts += list
        case "--warm-node":
            guard let kind = WarmNode(rawValue: value) else { throw .warmNode(value) }
            warmNode = kind
        case "--jailer-socket": jailerSocket = value
        case "--toolchains": toolchains = value
        default: user = UInt32(value)
        }
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

    var environmentsFolder: String? { environmentsMebibytes > 0 ? data + "/environments" : nil }
}
