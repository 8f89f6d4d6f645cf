internal import CJail
internal import Glibc
internal import Posix
internal import Wire

/// A warm process that clones sandboxes for us.
final class Host {
    let kind: UInt32
    let pid: Int32
    let control: MessageSocket
    /// Orders that it has not answered yet, oldest first.
    var pending: [Int] = []
    var isReady = false
    /// When it counts as hung.
    var deadline: Int64
    /// When a lost host is started again; `.max` while it lives.
    var restartAt = Int64.max
    var isAlive = true
    var spawned = 0

    init(kind: UInt32, pid: Int32, control: consuming MessageSocket) {
        self.kind = kind
        self.pid = pid
        self.control = control
        deadline = Monotonic.now() + Host.startAllowance
    }

    /// An interpreter with a long list of imports takes seconds on a slow machine.
    static let startAllowance: Int64 = 60_000_000_000
    static let spawnAllowance: Int64 = 10_000_000_000

    var nextDeadline: Int64 { isAlive ? (pending.isEmpty && isReady ? .max : deadline) : restartAt }

    /// Sends an order about a sandbox, to be answered in turn.
    func ask(_ note: cjail_note, for sandbox: Int, descriptors: [Int32]) throws(SystemFailure) {
        if pending.isEmpty {
            deadline = Monotonic.now() + (isReady ? Host.spawnAllowance : Host.startAllowance)
        }
        pending.append(sandbox)
        spawned += 1
        try control.send(note, descriptors: descriptors)
    }

    private var firstPages: Int?

    /// Whether it holds more than twice the memory that it had when it was first looked at.
    func isBloated() -> Bool {
        guard let text = try? SmallFile.read("/proc/\(pid)/statm"),
            let pages = text.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { return false }
        guard let firstPages else {
            firstPages = pages
            return false
        }
        return pages > 2 * firstPages + 4096
    }

    func kill() {
        guard isAlive else { return }
        isAlive = false
        Glibc.kill(pid, SIGKILL)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    }
}
