internal import Domain
internal import Synchronization

/// The runs that a client can still ask for: all under way, and the last that ended.
final class RunRegistry: Sendable {
    enum Found: Sendable {
        case underWay
        case finished(StoredResponse)
    }

    private enum Entry {
        /// The cancellation is missing for the moment between registering and starting.
        case underWay(cancel: (@Sendable () -> Void)?)
        case finished(StoredResponse)
    }

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
    func begin(_ id: RunID) throws(RequestError) {
        let accepted = state.withLock { state in
            guard state.underWay < mostUnderWay else { return false }
            state.underWay += 1
            state.entries[id] = .underWay(cancel: nil)
            return true
        }
        guard accepted else {
            throw RequestError(
                .busy, "\(mostUnderWay) runs are under way, the most that are; try again in a moment")
        }
    }

    func attach(_ id: RunID, cancel: @escaping @Sendable () -> Void) {
        state.withLock { state in
            guard case .underWay = state.entries[id] else { return }
            state.entries[id] = .underWay(cancel: cancel)
        }
    }

    /// Keeps the answer of a run, and forgets the oldest ones beyond the bounds.
    func finish(_ id: RunID, _ response: StoredResponse) {
        state.withLock { state in
            state.underWay -= 1
            state.entries[id] = .finished(response)
            state.ended.append(id)
            state.bytes += response.body.count
            while state.ended.count - state.oldest > mostEnded || state.bytes > mostBytes {
                let forgotten = state.ended[state.oldest]
                state.oldest += 1
                if case .finished(let old)? = state.entries.removeValue(forKey: forgotten) {
                    state.bytes -= old.body.count
                }
            }
            guard state.oldest > mostEnded else { return }
            state.ended.removeFirst(state.oldest)
            state.oldest = 0
        }
    }

    func find(_ id: RunID) -> Found? {
        state.withLock { state in
            switch state.entries[id] {
            case nil: nil
            case .underWay: .underWay
            case .finished(let response): .finished(response)
            }
        }
    }

    /// Asks a run to end; nil when there is none of that id.
    func cancel(_ id: RunID) -> Found? {
        let (found, cancel): (Found?, (@Sendable () -> Void)?) = state.withLock { state in
            switch state.entries[id] {
            case nil: (nil, nil)
            case .underWay(let cancel): (.underWay, cancel)
            case .finished(let response): (.finished(response), nil)
            }
        }
        cancel?()
        return found
    }
}
