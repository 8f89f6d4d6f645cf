internal import Domain
internal import Telemetry

/// Gives answers of before to requests that say `"cache": true`.
///
/// A store that fails costs a run, and no more.
struct AnswerCache: Sendable {
    /// Of one answer.
    private static let mostKept = 4 << 20

    let results: (any ResultCache)?
    let runner: any Runner
    let log: Log
    let metrics: ServiceMetrics

    /// Nil where the run must be made.
    func answer(_ order: RunOrder, id: RunID) async -> CachedAnswer? {
        guard order.options.usesCache, let results else { return nil }
        var found: CachedAnswer?
        if let address = await runner.outcomeAddress(of: order.request) {
            let now = WallClock.now()
            do throws(StorageFailure) {
                found = try await results.find(address, now: now).flatMap {
                    CachedAnswer($0, id: id, order: order, now: now)
                }
            } catch { log(.error, "result_cache_failed", ["why": error.message]) }
        }
        metrics.note(isCached: found != nil)
        return found
    }

    /// Keeps an answer under what its request means now that it has run: its libraries are known only then.
    func keep(_ answer: [UInt8], of order: RunOrder, _ result: RunResult) async {
        guard order.options.usesCache, let results, answer.count <= Self.mostKept,
            CachedAnswer.mayKeep(result), let address = await runner.outcomeAddress(of: order.request)
        else { return }
        do throws(StorageFailure) {
            try await results.keep(answer, at: address, for: order.principal.key, now: WallClock.now())
        } catch { log(.error, "result_cache_failed", ["why": error.message]) }
    }
}
