package import Domain

/// A run that ended with the service that ran it.
package enum LostRun {
    /// What its webhook is sent.
    package static func result(of run: RunID, _ history: any RunHistory) async -> [UInt8] {
        let record = try? await history.run(run)
        if let record = record ?? nil { return await RecordedResult(history: history).answer(record) }
        return Application.object(("id", run.description), ("status", RunStatus.engineFailed.rawValue))
    }
}
