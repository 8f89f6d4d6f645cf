internal import CJail
internal import Glibc
internal import Posix

/// A fork of the jailer that outlives it by a moment, to remove its control groups.
///
/// It waits for the end of a pipe whose other end only the jailer holds, and has nothing else open.
enum Janitor {
    /// Starts one for this jailer's groups.
    ///
    /// Costs a fork, not a start of the program: a command alone waits for it.
    ///
    /// - Returns: The end of the pipe to keep open for as long as the jailer lives.
    static func start(for tree: GroupTree) throws(SystemFailure) -> Descriptor {
        var pipe = try Pair.pipe()
        let pid = try checkCode("fork janitor") { cjail_fork_with(pipe.first.rawValue, "diatom-janitor") }
        if pid == 0 { live(tree.name) }
        return pipe.takeSecond()
    }

    private static func live(_ name: String) -> Never {
        var byte: UInt8 = 0
        while true {
            let count = read(0, &byte, 1)
            if count == 0 || (count < 0 && errno != EINTR) { break }
        }
        let places = ControllerPlaces.find()
        GroupTree.remove(name, in: places)
        GroupTree.sweep(places)
        _exit(0)
    }
}
