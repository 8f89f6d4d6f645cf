internal import CLinux
internal import Glibc

/// A set of watched descriptors, each with a number of the caller's to know it by.
package struct Epoll: ~Copyable, Sendable {
    package struct Interest: OptionSet, Sendable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }
        package static let input = Interest(rawValue: EPOLLIN.rawValue)
        package static let output = Interest(rawValue: EPOLLOUT.rawValue)
        /// What kernfs files use to say that they changed.
        package static let priority = Interest(rawValue: EPOLLPRI.rawValue)
    }

    package struct Event: Sendable {
        package var tag: UInt64
        package var readable: Bool
        package var writable: Bool
        package var changed: Bool
        package var hungUp: Bool
    }

    private let descriptor: Descriptor

    package init() throws(SystemFailure) {
        descriptor = Descriptor(adopting: try check("epoll_create1") { epoll_create1(Int32(EPOLL_CLOEXEC)) })
    }

    package func add(_ fd: Int32, _ interest: Interest, tag: UInt64) throws(SystemFailure) {
        try control(EPOLL_CTL_ADD, fd, interest, tag)
    }

    package func change(_ fd: Int32, _ interest: Interest, tag: UInt64) throws(SystemFailure) {
        try control(EPOLL_CTL_MOD, fd, interest, tag)
    }

    /// Forgets a descriptor; one that is not watched is no error.
    package func remove(_ fd: Int32) {
        var event = epoll_event()
        _ = epoll_ctl(descriptor.rawValue, EPOLL_CTL_DEL, fd, &event)
    }

    /// Waits for something to happen.
    ///
    /// `timeout`: Milliseconds; negative waits without end.
    package func wait(timeout: Int32, into events: inout [Event]) throws(SystemFailure) {
        events.removeAll(keepingCapacity: true)
        let room = 64
        let count = withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: room) { buffer in
            let count = epoll_wait(descriptor.rawValue, buffer.baseAddress, Int32(room), timeout)
            for index in 0..<max(0, Int(count)) { events.append(Event(buffer[index])) }
            return count
        }
        if count < 0, errno != EINTR { throw SystemFailure(operation: "epoll_wait", code: errno) }
    }

    private func control(_ operation: Int32, _ fd: Int32, _ interest: Interest, _ tag: UInt64)
        throws(SystemFailure)
    {
        var event = epoll_event()
        event.events = interest.rawValue
        event.data.u64 = tag
        try check("epoll_ctl") { epoll_ctl(descriptor.rawValue, operation, fd, &event) }
    }
}

extension Epoll.Event {
    fileprivate init(_ event: epoll_event) {
        let bits = event.events
        self.init(
            tag: event.data.u64,
            readable: bits & EPOLLIN.rawValue != 0,
            writable: bits & EPOLLOUT.rawValue != 0,
            changed: bits & EPOLLPRI.rawValue != 0,
            hungUp: bits & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0)
    }
}
