internal import Domain

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
            guard let count = Int(value), (0...1_048_576).contains(count) else { throw .number(name) }
            compileCacheMebibytes = count
        case "--warm-node":
            guard let kind = WarmNode(rawValue: value) else { throw .warmNode(value) }
            warmNode = kind
        case "--jailer-socket": jailerSocket = value
        case "--toolchains": toolchains = value
        default: user = UInt32(value)
        }
    }
}
