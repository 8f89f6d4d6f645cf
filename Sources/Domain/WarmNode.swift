/// How Node is kept ready for runs, if at all.
package enum WarmNode: String, Hashable, Sendable, CaseIterable {
    /// Runs are forked from a host; where that is known not to hold, as `pooled`.
    case yes
    /// Each run finds a Node of its own that was started, confined, before the run was there.
    case pooled
    /// Node is started when a run is there.
    case no
}
