/// What a run request says that is not the engine's business.
package struct RunOptions: Hashable, Sendable {
    package enum Store: String, Hashable, Sendable, CaseIterable { case all, meta, none }

    /// What the history keeps of the run.
    package var store: Store = .all
    /// Whether the answer is made of events as they happen.
    package var streams = false
    /// 0 to 9; a higher one leaves the queue earlier.
    package var priority = 5
    /// How long after its arrival the run is still worth starting.
    package var deadline: Duration?

    package init() {}
}
