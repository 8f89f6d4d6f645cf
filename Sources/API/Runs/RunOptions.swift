/// What a run request says that is not the engine's business.
package struct RunOptions: Hashable, Sendable {
    package enum Store: String, Hashable, Sendable, CaseIterable { case all, meta, none }

    /// What the history keeps of the run.
    package var store: Store = .all
    /// Whether the answer is made of events as they happen.
    package var streams = false

    package init() {}
}
