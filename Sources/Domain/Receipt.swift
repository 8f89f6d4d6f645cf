/// What isolation was in force for a run.
package struct Receipt: Hashable, Sendable {
    /// Whose the user outside is that a run was: its own, all runs', or that of its environment's host and its runs.
    package enum HostUser: String, Hashable, Sendable { case own, shared, environment }
    package enum Start: String, Hashable, Sendable { case forked, pooled, exec }

    package var backend = "native"
    /// In the order in which they were put up.
    package var layers: [String]
    /// `sha256:` and the hash of filter, mounts, limits and rules together.
    package var policy: String
    package var hostUser: HostUser
    package var start: Start
    /// How memory was held: `control group`, or `sampled` where the operator allowed that.
    package var memory: String
    /// What could be reached.
    package var network = NetworkPolicy.none

    package init(layers: [String], policy: String, hostUser: HostUser, start: Start, memory: String) {
        self.layers = layers
        self.policy = policy
        self.hostUser = hostUser
        self.start = start
        self.memory = memory
    }
}
