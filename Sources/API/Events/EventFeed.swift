internal import Domain
internal import Synchronization

/// The events of one run for those who follow it.
///
/// One reader, the one whose request began the run, may pace it: what it has not read is kept, and the run
/// waits while that is too much. All others get what is kept when they come for it, and are told how many
/// events they missed.
final class EventFeed: Sendable {
    /// What a reader finds.
    enum Next: Sendable {
        case events([FeedEvent], missed: Int)
        /// Nothing for a while: the reader's client should hear that the connection is alive.
        case beat
        case ended
    }

    /// What is kept for readers that come back.
    private static let mostKept = 1 << 20
    /// What the pacing reader may leave unread before the run waits for it.
    private static let mostUnread = 256 << 10
    private static let mostAtOnce = 64 << 10

    private struct State {
        var log = EventLog()
        var isEnded = false
        /// Who follows, and who of them waits.
        var readers: [Int: CheckedContinuation<Wake, Never>?] = [:]
        var nextReader = 0
        /// The number up to which the pacing reader has read; nil where nobody paces.
        var paced: Int?
        /// What it has not read, in bytes.
        var unread = 0
        var producer: CheckedContinuation<Void, Never>?
    }

    private enum Wake { case news, beat, cancelled }

    private let state: Mutex<State>

    init(isPaced: Bool) { state = Mutex(State(paced: isPaced ? 0 : nil)) }

    /// What its events hold, in bytes.
    var bytes: Int { state.withLock { $0.log.bytes } }

    // MARK: The run's side

    /// Hands an event to the readers, and waits while the pacing one has too much to read.
    ///
    /// Returns at once when the task is cancelled.
    func send(_ name: StaticString, _ data: [UInt8]) async {
        append(name, data)
        while !Task.isCancelled, state.withLock({ !$0.isEnded && $0.unread > Self.mostUnread }) {
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let goesOn = state.withLock { state in
                        guard !Task.isCancelled, state.unread > Self.mostUnread else { return true }
                        state.producer = continuation
                        return false
                    }
                    if goesOn { continuation.resume() }
                }
            } onCancel: {
                resumeProducer()
            }
        }
    }

    /// The last event; nobody is waited for.
    func end(_ name: StaticString, _ data: [UInt8]) {
        append(name, data)
        let readers = state.withLock { state in
            state.isEnded = true
            return waiting(&state)
        }
        for reader in readers { reader.resume(returning: .news) }
        resumeProducer()
    }

    /// Wakes readers for whom nothing has come, so that they say so to their clients.
    func beat() {
        let readers = state.withLock { waiting(&$0) }
        for reader in readers { reader.resume(returning: .beat) }
    }

    // MARK: A reader's side

    func enter() -> Int {
        state.withLock { state in
            state.nextReader += 1
            state.readers.updateValue(nil, forKey: state.nextReader)
            return state.nextReader
        }
    }

    /// The events after a number, as many as fit into one piece; waits for the next where there is none.
    func next(after number: Int, reader: Int) async -> Next {
        while true {
            if let next = look(after: number) { return next }
            let wake = await withCheckedContinuation { continuation in
                let wake: Wake? = state.withLock { state in
                    guard state.readers.index(forKey: reader) != nil else { return .cancelled }
                    guard state.log.last <= number, !state.isEnded else { return .news }
                    state.readers.updateValue(continuation, forKey: reader)
                    return nil
                }
                if let wake { continuation.resume(returning: wake) }
            }
            switch wake {
            case .news: continue
            case .beat: return .beat
            case .cancelled: return .ended
            }
        }
    }

    /// The pacing reader has sent everything up to this number.
    func hasRead(_ number: Int) {
        state.withLock { state in
            guard let paced = state.paced, number > paced else { return }
            for event in state.log.after(paced) where event.number <= number {
                state.unread -= event.data.count
            }
            state.paced = number
        }
        resumeProducer()
    }

    /// A reader goes; if it was the one that paces, nobody does any more.
    func leave(_ reader: Int, paces: Bool) {
        let waiting = state.withLock { state in
            if paces {
                state.paced = nil
                state.unread = 0
            }
            return state.readers.removeValue(forKey: reader) ?? nil
        }
        waiting?.resume(returning: .cancelled)
        if paces { resumeProducer() }
    }

    private func look(after number: Int) -> Next? {
        state.withLock { state in
            guard state.log.last > number else { return state.isEnded ? .ended : nil }
            var taken: [FeedEvent] = []
            var bytes = 0
            for event in state.log.after(number) {
                taken.append(event)
                bytes += event.data.count
                if bytes >= Self.mostAtOnce { break }
            }
            let missed = (taken.first?.number ?? state.log.last + 1) - number - 1
            return .events(taken, missed: missed)
        }
    }

    private func append(_ name: StaticString, _ data: [UInt8]) {
        let readers = state.withLock { state in
            state.log.append(name, data)
            if state.paced != nil { state.unread += data.count }
            state.log.forget(downTo: Self.mostKept, through: state.paced ?? .max)
            return waiting(&state)
        }
        for reader in readers { reader.resume(returning: .news) }
    }

    private func waiting(_ state: inout State) -> [CheckedContinuation<Wake, Never>] {
        let waiting = state.readers.compactMap { $0.value }
        for reader in state.readers.keys { state.readers.updateValue(nil, forKey: reader) }
        return waiting
    }

    private func resumeProducer() {
        let producer = state.withLock { state in
            defer { state.producer = nil }
            return state.producer
        }
        producer?.resume()
    }
}
