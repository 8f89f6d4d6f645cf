internal import Domain
internal import Storage
internal import Synchronization

/// What a run hears while its environment is made.
enum EnvironmentUpdate: Sendable {
    case progress(String)
    case ready(EnvironmentLease)
    case failed(RequestError)
}

/// Sees to it that of all that ask for the same environment at the same time, one makes it and all hear of it.
///
/// A flight goes on while somebody listens; the last one that leaves ends it.
final class EnvironmentFlights: Sendable {
    private struct Flight {
        /// Tells it from an earlier one of the same key.
        var number: Int
        var status: EnvironmentBuild
        var listeners: [Int: AsyncStream<EnvironmentUpdate>.Continuation] = [:]
        var task: Task<Void, Never>?
    }

    private struct State {
        var flights: [String: Flight] = [:]
        var tickets = 0
    }

    private let state = Mutex(State())

    var underWay: [EnvironmentBuild] {
        state.withLock { $0.flights.values.map(\.status).sorted { $0.id < $1.id } }
    }

    /// Listens to the flight of a key, which is begun where there is none.
    func board(
        _ key: String, libraries: [String],
        make:
            @escaping @Sendable (_ say: @escaping @Sendable (String) -> Void) async throws(RequestError) ->
            EnvironmentLease
    ) -> AsyncStream<EnvironmentUpdate> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: EnvironmentUpdate.self, bufferingPolicy: .bufferingNewest(256))
        let (ticket, isFirst) = state.withLock { state in
            state.tickets += 1
            let isFirst = state.flights[key] == nil
            let status = EnvironmentBuild(id: key, libraries: libraries, progress: "waiting to begin")
            state.flights[key, default: Flight(number: state.tickets, status: status)]
                .listeners[state.tickets] = continuation
            return (state.tickets, isFirst)
        }
        continuation.onTermination = { _ in self.leave(key, ticket) }
        guard isFirst else { return stream }
        let task = Task {
            let ending: EnvironmentUpdate
            do throws(RequestError) {
                ending = .ready(try await make { self.say(key, $0) })
            } catch {
                ending = .failed(error)
            }
            self.land(key, number: ticket, ending)
        }
        let isWanted = state.withLock { state in
            guard state.flights[key]?.number == ticket else { return false }
            state.flights[key]?.task = task
            return true
        }
        if !isWanted { task.cancel() }
        return stream
    }

    private func say(_ key: String, _ text: String) {
        let listeners = state.withLock { state in
            state.flights[key]?.status.progress = text
            return state.flights[key].map { Array($0.listeners.values) } ?? []
        }
        for listener in listeners { listener.yield(.progress(text)) }
    }

    private func land(_ key: String, number: Int, _ ending: EnvironmentUpdate) {
        let flight = state.withLock { state in
            state.flights[key]?.number == number ? state.flights.removeValue(forKey: key) : nil
        }
        for listener in (flight?.listeners ?? [:]).values {
            listener.yield(ending)
            listener.finish()
        }
    }

    /// A flight that nobody listens to is no more: the next one that boards begins another.
    private func leave(_ key: String, _ ticket: Int) {
        let task: Task<Void, Never>? = state.withLock { state in
            guard state.flights[key]?.listeners.removeValue(forKey: ticket) != nil,
                state.flights[key]?.listeners.isEmpty == true
            else { return nil }
            return state.flights.removeValue(forKey: key)?.task
        }
        task?.cancel()
    }
}
