internal import Domain
internal import Synchronization

/// What clients follow in sessions: cells that are streamed, and the output of commands.
final class SessionDesk: Sendable {
    private struct State {
        /// By session and number of the process.
        var commands: [SessionID: [Int: Command]] = [:]
        var ended: [(SessionID, Int)] = []
        /// Of cells that are streamed; for their heartbeat.
        var feeds: [String: EventFeed] = [:]
        var nextCell = 1
    }

    struct Command: Sendable {
        var feed: EventFeed
        var isOver = false
    }

    /// Of commands that have ended and can be read still.
    private static let mostEnded = 200

    let owner: TaskOwner
    private let state = Mutex(State())

    init(owner: TaskOwner) { self.owner = owner }

    func newCell() -> String {
        state.withLock { state in
            defer { state.nextCell += 1 }
            return "cell_\(state.nextCell)"
        }
    }

    func attend(_ feed: EventFeed, of cell: String) { state.withLock { $0.feeds[cell] = feed } }
    func leave(_ cell: String) { state.withLock { state in _ = state.feeds.removeValue(forKey: cell) } }

    func keep(_ feed: EventFeed, of pid: Int, in session: SessionID) {
        state.withLock { $0.commands[session, default: [:]][pid] = Command(feed: feed) }
    }

    func hasEnded(_ pid: Int, in session: SessionID) {
        state.withLock { state in
            state.commands[session]?[pid]?.isOver = true
            state.ended.append((session, pid))
            while state.ended.count > Self.mostEnded {
                let (session, pid) = state.ended.removeFirst()
                // The number can be another command's by now.
                guard state.commands[session]?[pid]?.isOver == true else { continue }
                state.commands[session]?[pid] = nil
                if state.commands[session]?.isEmpty == true { state.commands[session] = nil }
            }
        }
    }

    func feed(of pid: Int, in session: SessionID) -> EventFeed? {
        state.withLock { $0.commands[session]?[pid]?.feed }
    }

    func beat() {
        let feeds = state.withLock { state in
            Array(state.feeds.values) + state.commands.values.flatMap { $0.values.map(\.feed) }
        }
        for feed in feeds { feed.beat() }
    }
}
