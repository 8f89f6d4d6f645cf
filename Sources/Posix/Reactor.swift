internal import CJail
internal import Glibc
internal import Synchronization

/// Called on the reactor's thread when a watched descriptor has something to say.
package protocol ReactorHandler: AnyObject, Sendable {
    func ready(_ event: Epoll.Event)
}

/// An event loop on a thread of its own, for descriptors that must be served at once and never block a task.
///
/// Handlers are kept until removed; their callbacks run one at a time.
package final class Reactor: Sendable {
    private struct State {
        var handlers: [UInt64: any ReactorHandler] = [:]
        var work: [@Sendable () -> Void] = []
        var nextTag: UInt64 = 1
        var isStopping = false
    }

    private let epoll: Epoll
    private let bell: Descriptor
    private let state = Mutex(State())

    package init() throws(SystemFailure) {
        epoll = try Epoll()
        bell = Descriptor(adopting: try checkCode("eventfd") { cjail_eventfd() })
        try epoll.add(bell.rawValue, .input, tag: 0)
    }

    /// Starts the thread; it holds the reactor until ``stop()``.
    package func start(name: String) { startThread(name: name) { self.loop() } }

    /// Watches a descriptor; the handler hears of it under the returned tag.
    package func add(
        _ fd: Int32, _ interest: Epoll.Interest, _ handler: any ReactorHandler
    ) throws(SystemFailure) -> UInt64 {
        let tag = state.withLock { state in
            defer { state.nextTag += 1 }
            state.handlers[state.nextTag] = handler
            return state.nextTag
        }
        do throws(SystemFailure) { try epoll.add(fd, interest, tag: tag) } catch {
            state.withLock { state in _ = state.handlers.removeValue(forKey: tag) }
            throw error
        }
        return tag
    }

    package func change(_ fd: Int32, _ interest: Epoll.Interest, tag: UInt64) throws(SystemFailure) {
        try epoll.change(fd, interest, tag: tag)
    }

    /// Must come before the descriptor is closed.
    package func remove(_ fd: Int32, tag: UInt64) {
        epoll.remove(fd)
        state.withLock { state in _ = state.handlers.removeValue(forKey: tag) }
    }

    /// Runs a closure on the reactor's thread, soon.
    package func perform(_ work: @escaping @Sendable () -> Void) {
        state.withLock { $0.work.append(work) }
        ring()
    }

    package func stop() {
        state.withLock { $0.isStopping = true }
        ring()
    }

    private func ring() {
        var one: UInt64 = 1
        _ = write(bell.rawValue, &one, 8)
    }

    private func loop() {
        var events: [Epoll.Event] = []
        while !state.withLock({ $0.isStopping }) {
            guard (try? epoll.wait(timeout: -1, into: &events)) != nil else { return }
            for event in events {
                if event.tag == 0 {
                    doWork()
                } else if let handler = state.withLock({ $0.handlers[event.tag] }) {
                    handler.ready(event)
                }
            }
        }
    }

    private func doWork() {
        var count: UInt64 = 0
        _ = read(bell.rawValue, &count, 8)
        let work = state.withLock { state in
            defer { state.work = [] }
            return state.work
        }
        for item in work { item() }
    }
}

/// Starts a detached thread of the operating system, for what blocks.
package func startThread(name: String, _ body: @escaping @Sendable () -> Void) {
    final class Box {
        let body: @Sendable () -> Void
        let name: String
        init(_ body: @escaping @Sendable () -> Void, _ name: String) {
            self.body = body
            self.name = name
        }
    }
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    pthread_attr_setstacksize(&attributes, 512 << 10)
    var thread = pthread_t()
    let box = Unmanaged.passRetained(Box(body, String(name.prefix(15))))
    let code = pthread_create(
        &thread, &attributes,
        { argument in
            guard let argument else { return nil }
            let box = Unmanaged<Box>.fromOpaque(argument).takeRetainedValue()
            cjail_name_thread(box.name)
            box.body()
            return nil
        }, box.toOpaque())
    pthread_attr_destroy(&attributes)
    if code != 0 { box.release() }
    precondition(code == 0, "pthread_create failed: \(code)")
}
