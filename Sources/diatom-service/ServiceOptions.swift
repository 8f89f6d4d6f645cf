internal import Domain
internal import Engine

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

    enum Wrong: Error {
        case number(String)
        case endpoint(String)
        case warmNode(String)
        case unknown(String)
        case missingValue(String)
    }

    static let help = """
        diatom serve: the service; listens on a unix socket in its data folder

          --data DIR            where the socket and the idempotency keys live
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

    init(_ arguments: [String], defaultData: String, defaultToolchains: String) throws(Wrong) {
        data = defaultData
        toolchains = defaultToolchains
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
    }

    private static let names = [
        "--data", "--allow", "--allow-private", "--preload", "--compile-cache-mb", "--jailer-socket",
        "--toolchains", "--user", "--warm-node",
        "--environments-mb", "--environment-build-mb", "--index-hosts",
        "--queue", "--runs", "--reserve-memory-mb",
    ]

    private mutating func set(_ name: String, _ value: String) throws(Wrong) {
        let list = value.split(separator: ",").map(String.init)
        switch name {
        case "--data": data = value
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
