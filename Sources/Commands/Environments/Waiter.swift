internal import Domain
internal import Glibc
internal import Synchronization

/// Waits on a plain thread for work that is done elsewhere, and for signals.
enum Waiter {
    private struct State<Value: Sendable>: Sendable {
        var said: [String] = []
        var ending: Result<Value, RequestError>?
    }

    private final class Desk<Value: Sendable>: Sendable {
        let state = Mutex(State<Value>())
        let bell = Bell()

        func say(_ text: String) {
            state.withLock { $0.said.append(text) }
            bell.ring()
        }

        func finish(_ ending: Result<Value, RequestError>) {
            state.withLock { $0.ending = ending }
            bell.ring()
        }
    }

    /// `progress`: Called on this thread for what the work says meanwhile.
    static func wait<Value: Sendable>(
        _ interrupts: Interrupts, progress: (String) -> Void = { _ in },
        _ work: @escaping @Sendable (@escaping @Sendable (String) -> Void) async throws(RequestError) -> Value
    ) throws(RunBackend.Failure) -> Value {
        let desk = Desk<Value>()
        let task = Task {
            do throws(RequestError) { desk.finish(.success(try await work { desk.say($0) })) } catch {
                desk.finish(.failure(error))
            }
        }
        var wasInterrupted = false
        while true {
            let (said, ending) = desk.state.withLock { state in
                defer { state.said = [] }
                return (state.said, state.ending)
            }
            for text in said { progress(text) }
            switch ending {
            case .success(let value)?: return value
            case .failure(let error)?:
                if wasInterrupted { throw .interrupted }
                throw .request(error)
            case nil: break
            }
            var watched = [
                pollfd(fd: desk.bell.descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: wasInterrupted ? -1 : interrupts.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&watched, 2, -1) > 0 else { continue }
            if watched[1].revents != 0 {
                wasInterrupted = true
                task.cancel()
            }
            desk.bell.silence()
        }
    }
}
