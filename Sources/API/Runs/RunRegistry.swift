internal import Domain
internal import Synchronization

/// The runs that are known without asking the history: all under way, and the last that ended.
final class RunRegistry: Sendable {
    enum Found: Sendable {
        /// With its events, where they are kept.
        case underWay(EventFeed?)
        case finished(StoredResponse, EventFeed?)
    }

    private struct Entry {
        var key: KeyID
        var feed: EventFeed?
        /// The cancellation is missing for the moment between registering and starting.
        var cancel: (@Sendable () -> Void)?
        /// nil while it is under way.
        var response: StoredResponse?
        /// What it holds once it has ended.
        var bytes = 0

        var found: Found { response.map { .finished($0, feed) } ?? .underWay(feed) }
    }

    var underWay: Int { state.withLock { $0.underWay } }

    private struct State {
        var entries: [RunID: Entry] = [:]
        var underWay = 0
        /// Oldest first, from `oldest` on.
        var ended: [RunID] = []
        var oldest = 0
        var bytes = 0
    }

    private let mostUnderWay: Int
    private let mostEnded: Int
    private let mostBytes: Int
    private let state = Mutex(State())

    init(mostUnderWay: Int, mostEnded: Int, mostBytes: ByteCount) {
        self.mostUnderWay = mostUnderWay
        self.mostEnded = mostEnded
        self.mostBytes = mostBytes.bytes
    }

    /// Registers a run that is about to start.
    func begin(_ id: RunID, key: KeyID, feed: EventFeed?) throws(RequestError) {
        let accepted = state.withLock { state in
            guard state.underWay < mostUnderWay else { return false }
            state.underWay += 1
            state.entries[id] = Entry(key: key, feed: feed)
            return true
        }
        guard accepted else {
            throw RequestError(
                .busy, "\(mostUnderWay) runs are under way, the most that are; try again in a moment")
        }
    }

    func attach(_ id: RunID, cancel: @escaping @Sendable () -> Void) {
        state.withLock { state in
            guard state.entries[id]?.response == nil else { return }
            state.entries[id]?.cancel = cancel
        }
    }

    /// Keeps the answer of a run, and its events where somebody may come for them; forgets the oldest beyond the bounds.
    func finish(_ id: RunID, _ response: StoredResponse, keepsEvents: Bool) {
        state.withLock { state in
            guard var entry = state.entries[id] else { return }
            state.underWay -= 1
            entry.response = response
            entry.cancel = nil
            if !keepsEvents { entry.feed = nil }
            // The event that is yet to end its feed is no larger than the answer.
            entry.bytes = response.body.count + (entry.feed.map { $0.bytes + response.body.count } ?? 0)
            state.entries[id] = entry
            state.ended.append(id)
            state.bytes += entry.bytes
            while state.ended.count - state.oldest > mostEnded || state.bytes > mostBytes {
                let forgotten = state.ended[state.oldest]
                state.oldest += 1
                if let old = state.entries.removeValue(forKey: forgotten) { state.bytes -= old.bytes }
            }
            guard state.oldest > mostEnded else { return }
            state.ended.removeFirst(state.oldest)
            state.oldest = 0
        }
    }

    /// A run, if the principal may see it.
    func find(_ id: RunID, for principal: Principal) -> Found? {
        state.withLock { state in
            guard let entry = state.entries[id], principal.mayRead(entry.key) else { return nil }
            return entry.found
        }
    }

    /// Asks a run to end; nil when there is none of that id that the principal may end.
    func cancel(_ id: RunID, for principal: Principal) -> Found? {
        let (found, cancel) = state.withLock { state -> (Found?, (@Sendable () -> Void)?) in
            guard let entry = state.entries[id], principal.mayRead(entry.key) else { return (nil, nil) }
            return (entry.found, entry.cancel)
        }
        cancel?()
        return found
    }

    /// Forgets a run that has ended; its id stays among those that ended, where it costs little.
    func forget(_ id: RunID) {
        state.withLock { state in
            guard let entry = state.entries[id], entry.response != nil else { return }
            state.entries[id] = nil
            state.bytes -= entry.bytes
        }
    }

    func beat() {
        let feeds = state.withLock { state in
            state.entries.values.compactMap { $0.response == nil ? $0.feed : nil }
        }
        for feed in feeds { feed.beat() }
    }
}

extension Principal {
    /// Whether what belongs to a key is this principal's to see and to end.
    func mayRead(_ key: KeyID) -> Bool { self.key == key || may(.admin) }
}
