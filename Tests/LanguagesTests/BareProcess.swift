import FoundationEssentials
import Glibc

/// Runs a command in a scratch folder without any sandbox; for the project's own programs only.
struct BareProcess: ~Copyable {
    struct Ending: Sendable {
        var exitCode: Int32?
        var signal: Int32?
        var overran = false
        var stdout: [UInt8]
        var stderr: [UInt8]
    }

    let folder: String

    init() throws {
        var template = Array("/tmp/diatom-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw CocoaError(.fileWriteUnknown) }
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func write(_ path: String, _ content: [UInt8]) throws {
        let url = URL(filePath: "\(folder)/home/\(path)")
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(content).write(to: url)
    }

    var home: String { folder + "/home" }

    /// Runs to the end, or kills after the time; output goes through files, so that nothing can block.
    func run(_ argv: [[UInt8]], stdin: String, env: [String: String], milliseconds: Int) throws -> Ending {
        try Data(stdin.utf8).write(to: URL(filePath: folder + "/stdin"))
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let writing = O_WRONLY | O_CREAT | O_TRUNC
        posix_spawn_file_actions_addopen(&actions, 0, folder + "/stdin", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, folder + "/stdout", writing, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, folder + "/stderr", writing, 0o600)
        let words = ["/usr/bin/env", "-C", home] + argv.map { String(decoding: $0, as: UTF8.self) }
        var arguments = words.map { strdup($0) } + [nil]
        var variables = env.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in arguments + variables { free(text) } }
        var pid = pid_t()
        let code = posix_spawn(&pid, words[0], &actions, nil, &arguments, &variables)
        guard code == 0 else { throw CocoaError(.executableNotLoadable) }
        let (status, overran) = wait(pid, milliseconds: milliseconds)
        var ending = Ending(
            stdout: [UInt8](try Data(contentsOf: URL(filePath: folder + "/stdout"))),
            stderr: [UInt8](try Data(contentsOf: URL(filePath: folder + "/stderr"))))
        ending.overran = overran
        if status & 0x7f == 0 { ending.exitCode = status >> 8 & 0xff } else { ending.signal = status & 0x7f }
        return ending
    }

    private func wait(_ pid: pid_t, milliseconds: Int) -> (status: Int32, overran: Bool) {
        var status: Int32 = 0
        for _ in 0..<(milliseconds / 5) {
            if waitpid(pid, &status, WNOHANG) == pid { return (status, false) }
            usleep(5_000)
        }
        kill(pid, SIGKILL)
        waitpid(pid, &status, 0)
        return (status, true)
    }
}
