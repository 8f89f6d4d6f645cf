internal import Glibc
internal import Synchronization

/// SIGINT and SIGTERM as something to wait for.
///
/// Handlers are used, not a mask and not SIG_IGN: those would be inherited by every program that is
/// started from here. The first signal asks for an orderly end; after it both signals kill as usual.
final class Interrupts: Sendable {
    /// Readable once a signal came.
    var descriptor: Int32 { bell.descriptor }
    private let bell = Bell()

    init() {
        interruptPipe.store(bell.rope, ordering: .releasing)
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in
            let saved = errno
            var byte: UInt8 = 1
            _ = write(interruptPipe.load(ordering: .acquiring), &byte, 1)
            signal(SIGINT, SIG_DFL)
            signal(SIGTERM, SIG_DFL)
            errno = saved
        }
        sigaction(SIGINT, &action, nil)
        sigaction(SIGTERM, &action, nil)
        // A closed standard output is an error of `write`, and never the silent end of this program.
        action.__sigaction_handler.sa_handler = { _ in }
        sigaction(SIGPIPE, &action, nil)
    }

    deinit {
        signal(SIGINT, SIG_DFL)
        signal(SIGTERM, SIG_DFL)
        interruptPipe.store(-1, ordering: .releasing)
    }

    var came: Bool {
        var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&watched, 1, 0) > 0
    }
}

/// The one thing that a signal handler can see.
private let interruptPipe = Atomic<Int32>(-1)
