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
    /// Modules that the warm Python host imports besides its standard list.
    package var preload: [String] = []
    /// Whether JavaScript runs in Nodes that were started one by one, even where Node could be forked.
    package var poolsNode = false
    package var maxima = LimitMaxima()
    /// Of files given back, together and each.
    package var mostCollectedBytes = 64 << 20
    package var mostCollectedFiles = 1_000

    package init(jailer: String) { self.jailer = jailer }

    var jailerArguments: [String] {
        var arguments: [String] = []
        if !allowed.isEmpty { arguments += ["--allow", allowed.joined(separator: ",")] }
        if keepsWarmHosts {
            arguments += ["--warm-python", "yes", "--warm-node", "yes"]
        } else {
            arguments += ["--parked-exec", "0"]
        }
        if poolsNode { arguments += ["--pool-node", "yes"] }
        if !preload.isEmpty { arguments += ["--preload-more", preload.joined(separator: ",")] }
        return arguments
    }
}
