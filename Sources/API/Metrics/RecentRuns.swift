internal import Domain
internal import Synchronization

/// The last runs, as far as somebody who watches the service wants to know of them.
package final class RecentRuns: Sendable {
    /// What some time's runs came to.
    package struct Summary: Hashable, Sendable {
        package var runs = 0
        /// Those that failed of ours and not of their code.
        package var failed = 0
        /// Of the waits from when a run was taken on until its first instruction, the one that a hundredth exceeds.
        package var waitP99: Duration = .zero

        package init() {}
    }

    private struct Entry {
        var time: Int64
        var wait: Duration
        var hasFailed: Bool
    }

    /// More than that in the time asked for, and only the last of them count.
    private static let most = 4_096

    private struct State {
        var entries: [Entry] = []
        var next = 0
    }

    private let state = Mutex(State())

    func note(wait: Duration, hasFailed: Bool, now: Int64 = WallClock.now()) {
        state.withLock { state in
            let entry = Entry(time: now, wait: wait, hasFailed: hasFailed)
            if state.entries.count < Self.most {
                state.entries.append(entry)
            } else {
                state.entries[state.next] = entry
            }
            state.next = (state.next + 1) % Self.most
        }
    }

    package func summary(of time: Duration, now: Int64 = WallClock.now()) -> Summary {
        let oldest = now - time.inNanoseconds
        let entries = state.withLock { $0.entries }.filter { $0.time >= oldest }
        var summary = Summary()
        summary.runs = entries.count
        summary.failed = entries.count { $0.hasFailed }
        let waits = entries.map(\.wait).sorted()
        if !waits.isEmpty { summary.waitP99 = waits[min(waits.count - 1, waits.count * 99 / 100)] }
        return summary
    }
}
