package import Domain

/// What a run request says that is not the engine's business.
package struct RunOptions: Hashable, Sendable {
    package enum Store: String, Hashable, Sendable, CaseIterable { case all, meta, none }

    /// What the history keeps of the run.
    package var store: Store = .all
    /// Whether an answer of the same request, given before, will do.
    package var usesCache = false
    /// Whether the answer is made of events as they happen.
    package var streams = false
    /// Who is told when it has ended.
    package var webhook: Webhook?

    package init() {}
}
