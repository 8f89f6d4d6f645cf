internal import Glibc
internal import Posix

/// A second process of the jailer's program that outlives it by a moment, to remove its control groups.
///
/// It waits for the end of a pipe whose other end only the jailer holds.
package enum Janitor {
    /// Starts one for this jailer's groups. Costs a process start; nothing waits for it.
    ///
    /// - Returns: The end of the pipe to keep open for as long as the jailer lives.
    static func start(for tree: GroupTree) throws(SystemFailure) -> Descriptor {
        var pipe = try Pair.pipe().reversed()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, pipe.second.rawValue, 0)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        let words: [String] = ["diatom-jailer", "--janitor", tree.name]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { word in strdup(word) } + [nil]
        defer { for text in arguments { free(text) } }
        var environment: [UnsafeMutablePointer<CChar>?] = [nil]
        var pid: pid_t = 0
        let code = posix_spawn(&pid, "/proc/self/exe", &actions, &attributes, &arguments, &environment)
        if code != 0 { throw SystemFailure(operation: "posix_spawn janitor", code: code) }
        return pipe.takeFirst()
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
