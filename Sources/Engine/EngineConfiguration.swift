package import Domain

/// What an engine is to be like; a value, read once by whoever starts it.
package struct EngineConfiguration: Hashable, Sendable {
    /// Path of `diatom-jailer`.
    package var jailer: String
    /// A jailer that runs as a daemon of its own; nil starts one that lives and dies with this process.
    package var jailerSocket: String?
    /// Layers whose absence the operator allows, by name.
    package var allowed: [String] = []
    /// Whether warm interpreters are kept; a command alone has no use for one.
    package var keepsWarmHosts = true
    package var warmNode = WarmNode.yes
    /// The Node that is kept warm; nil for the jailer's own choice.
    package var node: String?
    /// Modules that the warm Python host imports besides its standard list.
    package var preload: [String] = []
    /// How many sandboxes of each kind wait for runs; nil for the jailer's own choice.
    package var parked: Int?
    /// Of the machine's, under which the largest run ends; nil for the jailer's own choice.
    package var leastMemory: ByteCount?
    /// The file of toolchains that were brought along; nil for the jailer's own default.
    package var toolchains: String?
    /// A folder of environments that sandboxes see in place of those that the engine makes.
    package var environments: String?
    package var maxima = LimitMaxima()
    /// Of files given back, together and each.
    package var mostCollectedBytes = 64 << 20
    package var mostCollectedFiles = 1_000
    /// The folder of the compile cache; nil compiles every time.
    package var compiledFolder: String?
    package var mostCompiledBytes: ByteCount = .mebibytes(512)
    /// How many tests of one request run at the same time; nil is one for each processor.
    package var parallelTests: Int?
    /// Of all tests of one request together; beyond it a test's output is cut.
    package var mostTestOutput: ByteCount = .mebibytes(64)
    /// Servers that runs may reach although their addresses are private, where a run's policy names them.
    package var privateEndpoints: [NetworkPolicy.Endpoint] = []

    /// The folder in which environments of libraries are made and kept; nil refuses libraries.
    package var environmentsFolder: String?
    /// Of environments and of the wheels that they were made of.
    package var mostEnvironmentBytes: ByteCount = .mebibytes(4096)
    /// Memory and disk of a sandbox that makes an environment.
    package var environmentBuildSize: ByteCount = .mebibytes(2048)
    /// Where libraries come from.
    package var libraryIndex = LibraryIndex()

    /// How many sessions there may be at a time; 0 for an engine that has none.
    package var mostSessions = 0
    /// Modules that the host of Python contexts imports, so that every context has them.
    package var contextPreload: [String] = []

    /// What waits and what runs at the same time.
    package var admission = AdmissionLimits(processors: 2)

    package init(jailer: String) { self.jailer = jailer }

    /// `store`: The folder of environments that this engine makes.
    func jailerArguments(store: String?) -> [String] {
        var arguments: [String] = []
        if !allowed.isEmpty { arguments += ["--allow", allowed.joined(separator: ",")] }
        if keepsWarmHosts {
            arguments += ["--warm-python", "yes", "--warm-node", warmNode.rawValue, "--warm-sql", "yes"]
        } else {
            // One sandbox is made while the request is read, the next when a step takes longer than most programs.
            arguments += ["--parked-exec", "1", "--refill-ms", "25"]
        }
        if mostSessions > 0 {
            arguments += ["--contexts", "yes"]
            if !contextPreload.isEmpty {
                arguments += ["--context-preload", contextPreload.joined(separator: ",")]
            }
        }
        if let parked { arguments += ["--parked-python", "\(parked)", "--parked-exec", "\(parked)"] }
        if !preload.isEmpty { arguments += ["--preload-more", preload.joined(separator: ",")] }
        if let leastMemory { arguments += ["--least-memory-mb", "\(leastMemory.wholeMebibytes)"] }
        if let node { arguments += ["--node", node] }
        if let toolchains { arguments += ["--toolchains", toolchains] }
        if let environments = environments ?? store { arguments += ["--environments", environments] }
        let links = libraryIndex.shownFolders
        if store != nil, !links.isEmpty { arguments += ["--links", links.joined(separator: ",")] }
        return arguments
    }
}
