internal import CJail
internal import Domain
internal import Glibc
internal import Posix

/// Both ends of what a process of a session is given; what is not handed on is closed.
final class ProcessEnds {
    private let kind: SessionProcess.Kind
    /// The input, or the socket, or the terminal; then its output and its errors.
    private var ours: [Int32] = []
    /// stdin, stdout, stderr; each may be the same.
    private(set) var theirs: [Int32] = []

    init(for kind: SessionProcess.Kind) throws(SystemFailure) {
        self.kind = kind
        switch kind {
        case .terminal: try openTerminal()
        case .context:
            var way = try Pair.streams()
            take(ours: way.takeFirst(), theirs: way.takeSecond())
        case .command:
            var way = try Pair.pipe(shared: true)
            take(ours: way.takeSecond(), theirs: way.takeFirst())
        }
        guard kind != .terminal else { return }
        for _ in 0..<2 {
            var output = try Pair.pipe(shared: true)
            take(ours: output.takeFirst(), theirs: output.takeSecond())
        }
    }

    private func take(ours: consuming Descriptor, theirs: consuming Descriptor) {
        self.ours.append(ours.release())
        self.theirs.append(theirs.release())
    }

    /// Its other end is found by name; the name means nothing in the sandbox, which has no terminals of its own.
    private func openTerminal() throws(SystemFailure) {
        var ends: [Int32] = [-1, -1]
        try checkCode("open a terminal") { cjail_terminal(&ends) }
        ours = [ends[0]]
        theirs = [ends[1], ends[1], ends[1]]
    }

    /// Hands our ends to who reads and writes them.
    func give(to process: SessionProcess) throws(SystemFailure) {
        let given = ours
        ours = []
        let streams =
            kind == .terminal ? [] : [(RunEvent.Output.Stream.stdout, given[1]), (.stderr, given[2])]
        try process.attach(way: Descriptor(adopting: given[0]), streams: streams)
    }

    deinit { for fd in Set(ours + theirs) { close(fd) } }
}
