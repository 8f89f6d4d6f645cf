internal import Glibc
internal import Posix

/// A second process of the jailer's program that outlives it by a moment, to remove its control groups.
///
/// It waits for the end of a pipe whose other end only the jailer holds.
package enum Janitor {
    /// Starts one for this jailer's groups.
    ///
    /// Costs a process start; nothing waits for it.
    ///
    /// - Returns: The end of the pipe to keep open for as long as the jailer lives.
    static func start(for tree: GroupTree) throws(SystemFailure) -> Descriptor {
        var pipe = try Pair.pipe()
        _ = try ChildProcess.start(
            "/proc/self/exe", ["--janitor", tree.name], descriptors: [(pipe.first.rawValue, 0)])
        return pipe.takeSecond()
    }

    /// The janitor's own life.
    package static func main(_ name: String) {
        var byte: UInt8 = 0
        while true {
            let count = read(0, &byte, 1)
            if count == 0 || (count < 0 && errno != EINTR) { break }
        }
        let places = ControllerPlaces.find()
        GroupTree.remove(name, in: places)
        GroupTree.sweep(places)
    }
}
