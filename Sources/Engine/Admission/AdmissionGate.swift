internal import Domain
internal import Posix
internal import Synchronization

/// Carries out what the ``AdmissionQueue`` decides: runs wait here until they are let in.
///
/// Where nothing waits, entering is a lock and a counter. While something waits, one task looks at the machine.
final class AdmissionGate: Sendable {
    enum Entry: Sendable {
        /// Must be given back with ``leave(_:cpu:)``.
        case admitted(ticket: Int)
        /// The caller's task was cancelled, or the deadline passed; nothing is to be given back.
        case over
    }

    private typealias Waiter = CheckedContinuation<Bool?, Never>

    private struct State {
        var queue: AdmissionQueue
        var waiters: [Int: Waiter] = [:]
        /// What was decided between a ticket's issue and its waiting.
        var early: [Int: Bool?] = [:]
        /// Those that are told as soon as the lock is free.
        var due: [(waiter: Waiter, answer: Bool?)] = []
        var isLooking = false
        var looked: Int64 = 0
    }

    private let state: Mutex<State>
    private let machine: any MachineReader
    private let clock: @Sendable () -> AdmissionTime

    init(
        _ limits: AdmissionLimits, machine: any MachineReader = ProcReader(),
        clock: @escaping @Sendable () -> AdmissionTime = {
            AdmissionTime(monotonic: Monotonic.now(), wall: WallClock.now())
        }
    ) {
        state = Mutex(State(queue: AdmissionQueue(limits)))
        self.machine = machine
        self.clock = clock
    }

    /// Changes the state, and then tells those about whom that decided.
    ///
    /// Never under the lock: to resume a task takes a lock of its own, under which its cancellation comes here for ours.
    private func change<Value: Sendable>(_ body: (inout State) -> Value) -> Value {
        let (value, due) = state.withLock { state in
            let value = body(&state)
            defer { state.due = [] }
            return (value, state.due)
        }
        for one in due { one.waiter.resume(returning: one.answer) }
        return value
    }

    var snapshot: AdmissionSnapshot { state.withLock { $0.queue.filledSnapshot } }

    /// Waits until a run may begin.
    ///
    /// - Throws: ``RequestError`` where it may not even wait.
    func enter(_ wish: AdmissionWish) async throws(RequestError) -> Entry {
        lookIfLongAgo()
        let time = clock()
        let (ticket, answer) = change { state in
            let submitted = state.queue.submit(wish, at: time)
            Self.tell(submitted.others, &state)
            return (submitted.ticket, submitted.answer)
        }
        switch answer {
        case .admitted: return .admitted(ticket: ticket)
        case .refused(let refusal): throw Self.error(refusal)
        case .waiting: break
        }
        startLooking()
        switch await outcome(of: ticket) {
        case true?: return .admitted(ticket: ticket)
        case false?: return .over
        case nil: throw Self.error(AdmissionRefusal(.draining, retryAfter: .seconds(1)))
        }
    }

    /// Returns: Whether the run may begin; nil where the queue was closed.
    private func outcome(of ticket: Int) async -> Bool? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { (waiter: Waiter) in
                change { state in
                    if let early = state.early.removeValue(forKey: ticket) {
                        state.due.append((waiter, early))
                    } else {
                        state.waiters[ticket] = waiter
                    }
                }
            }
        } onCancel: {
            change { state in
                if state.queue.cancel(ticket) { Self.tell(ticket, false, &state) }
            }
        }
    }

    func leave(_ ticket: Int, cpu: Duration) {
        let time = clock()
        change { state in Self.tell(state.queue.end(ticket, cpu: cpu, at: time), &state) }
    }

    /// Lets nobody in any more, and tells those that wait.
    func drain() {
        change { state in Self.tell(state.queue.drain(), &state) }
    }

    func noteUsed(_ cpu: Duration, by key: KeyID) {
        let time = clock()
        state.withLock { $0.queue.noteUsed(cpu, by: key, at: time) }
    }

    private static func tell(_ resolved: [AdmissionQueue.Resolved], _ state: inout State) {
        for one in resolved {
            switch one.outcome {
            case .admitted: tell(one.ticket, true, &state)
            case .expired: tell(one.ticket, false, &state)
            case .draining: tell(one.ticket, nil, &state)
            }
        }
    }

    private static func tell(_ ticket: Int, _ answer: Bool?, _ state: inout State) {
        if let waiter = state.waiters.removeValue(forKey: ticket) {
            state.due.append((waiter, answer))
        } else {
            state.early.updateValue(answer, forKey: ticket)
        }
    }
}

extension AdmissionGate {
    /// Nobody waits most of the time, and memory is looked at all the same.
    private func lookIfLongAgo() {
        let now = clock().monotonic
        let isDue = state.withLock { state in
            guard now - state.looked > 100_000_000 else { return false }
            state.looked = now
            return true
        }
        if isDue { look() }
    }

    private func look() {
        let load = machine.read()
        let now = clock().monotonic
        change { state in
            state.looked = now
            Self.tell(state.queue.look(load, at: now), &state)
        }
    }

    private func startLooking() {
        let starts = state.withLock { state in
            guard !state.isLooking, state.queue.waitingCount > 0 else { return false }
            state.isLooking = true
            return true
        }
        // Ends with the last that waits, and those hold the gate anyway.
        if starts { Task { await keepLooking() } }
    }

    private func keepLooking() async {
        while true {
            let pause: Duration? = state.withLock { state in
                guard state.queue.waitingCount > 0 else {
                    state.isLooking = false
                    return nil
                }
                // Nothing but an end or a deadline helps the others.
                return .milliseconds(state.queue.awaitsMachine ? 2 : 20)
            }
            guard let pause else { return }
            try? await Task.sleep(for: pause)
            look()
        }
    }

    private static func error(_ refusal: AdmissionRefusal) -> RequestError {
        let why =
            switch refusal.reason {
            case .queueFull: "too many runs are waiting"
            case .rate: "this key begins runs faster than it may"
            case .dailyCPU: "this key has used its processor time of the day, which ends at midnight UTC"
            case .draining: "the service is shutting down"
            }
        var error = RequestError(refusal.reason == .draining ? .draining : .busy, why)
        error.retryAfter = refusal.retryAfter
        return error
    }
}
