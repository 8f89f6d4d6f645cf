internal import Glibc

/// Starting a program with chosen descriptors and nothing else of ours.
package enum ChildProcess {
    /// Starts a program in a process group of its own and returns its pid, which the caller reaps.
    ///
    /// `descriptors` pairs ours with the numbers that they get in the child.
    package static func start(
        _ path: String, _ arguments: [String], environment: [String] = [],
        descriptors: [(ours: Int32, theirs: Int32)]
    ) throws(SystemFailure) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for pair in descriptors { posix_spawn_file_actions_adddup2(&actions, pair.ours, pair.theirs) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        let words: [String] = [path] + arguments
        var argv: [UnsafeMutablePointer<CChar>?] = words.map { word in strdup(word) } + [nil]
        var envp: [UnsafeMutablePointer<CChar>?] = environment.map { word in strdup(word) } + [nil]
        defer { for text in argv + envp { free(text) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, path, &actions, &attributes, &argv, &envp)
        if code != 0 { throw SystemFailure(operation: "start \(path)", code: code) }
        return pid
    }

    /// The folder of the running program.
    package static func ownFolder() -> String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let length = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        let path = String(decoding: buffer[0..<max(0, length)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    }
}
