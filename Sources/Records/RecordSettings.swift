package import Domain

/// What an operator can set of the store.
package struct RecordSettings: Hashable, Sendable {
    /// Runs that ended longer ago are removed; nil keeps them for good.
    ///
    /// The audit log is kept.
    package var mostAge: Duration? = .seconds(30 * 86_400)
    /// Of requests, results and artifacts; the oldest go first.
    package var mostBytes: ByteCount = .mebibytes(4_096)
    /// Of answers that may be given again; 0 keeps none.
    package var mostResultBytes: ByteCount = .mebibytes(256)
    package var mostResultAge: Duration = .seconds(24 * 3_600)
    /// So many entries of the audit log, or such a time, and its head is signed.
    package var entriesPerHead = 1_000
    package var secondsPerHead = 60

    package init() {}
}
