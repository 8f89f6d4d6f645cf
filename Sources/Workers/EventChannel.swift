internal import Synchronization

/// What a channel carries.
package protocol ChannelEvent: Sendable {
    /// What it takes of the channel's bound, in bytes.
    var cost: Int { get }
}

/// A bounded queue of events between the thread that reads descriptors and the one task that
/// consumes them.
///
/// The bound is in bytes of output: a producer that is told to pause stops reading the guest's pipes until
/// ``next()`` has made room, so a slow consumer slows the guest and costs no memory.
package final class EventChannel<Event: ChannelEvent>: Sendable {
    private struct State {
        var events: [Event] = []
        var first = 0
        var bytes = 0
        var waiter: CheckedContinuation<Void, Never>?
        var isPaused = false
        var isClosed = false
    }

    package static var mostBytes: Int { 1 << 20 }

    private let state = Mutex(State())
    private let resume: Mutex<(@Sendable () -> Void)?> = Mutex(nil)

    package init() {}

    /// What to do when there is room again.
    package func onRoom(_ action: @escaping @Sendable () -> Void) { resume.withLock { $0 = action } }

    /// - Returns: Whether the producer must pause.
    package func send(_ event: Event) -> Bool {
        let (waiter, pause) = state.withLock { state in
            guard !state.isClosed else { return (CheckedContinuation<Void, Never>?.none, false) }
            state.events.append(event)
            state.bytes += event.cost
            if state.bytes > Self.mostBytes { state.isPaused = true }
            defer { state.waiter = nil }
            return (state.waiter, state.isPaused)
        }
        waiter?.resume()
        return pause
    }

    /// The last event has been sent.
    package func close() {
        let waiter = state.withLock { state in
            state.isClosed = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// The next event, or nil when the step is over.
    package func next() async -> Event? {
        while true {
            let (event, isOver, makesRoom) = take()
            if makesRoom { resume.withLock { $0 }?() }
            if event != nil || isOver { return event }
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    if state.first < state.events.count || state.isClosed { return true }
                    state.waiter = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        }
    }

    private func take() -> (Event?, Bool, Bool) {
        state.withLock { state in
            guard state.first < state.events.count else { return (nil, state.isClosed, false) }
            let event = state.events[state.first]
            state.first += 1
            state.bytes -= event.cost
            if state.first == state.events.count {
                state.events.removeAll(keepingCapacity: true)
                state.first = 0
            }
            let makesRoom = state.isPaused && state.bytes <= Self.mostBytes / 2
            if makesRoom { state.isPaused = false }
            return (event, false, makesRoom)
        }
    }
}

extension StepEvent: ChannelEvent {
    package var cost: Int {
        if case .output(let output) = self { return output.bytes.count }
        return 0
    }
}
