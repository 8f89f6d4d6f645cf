internal import Glibc
internal import Posix

/// A service of the bench's own in a folder of its own, stopped by its pid.
final class BenchService: Sendable {
    struct Failure: Error {
        var reason: String
    }

    let pid: Int32
    let data: String
    var socket: String { data + "/" + DataFolder.socketName }

    /// Starts it and waits until a warm run came back.
    ///
    /// `more`: further arguments of `diatom serve`.
    init(program: String, allowed: [String], preload: [String] = [], more: [String] = ["--listen", "none"])
        throws(Failure)
    {
        var template = Array("/tmp/diatom-bench-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw Failure(reason: "no temporary folder can be made in /tmp")
        }
        data = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        var arguments = ["--data", data] + more
        if !allowed.isEmpty { arguments += ["--allow", allowed.joined(separator: ",")] }
        if !preload.isEmpty { arguments += ["--preload", preload.joined(separator: ",")] }
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { close(null) }
        do throws(SystemFailure) {
            pid = try ChildProcess.start(
                program, arguments, environment: ["LANG=C.UTF-8"],
                descriptors: [(null, 0), (null, 1), (null, 2)])
        } catch {
            rmdir(data)
            throw Failure(reason: error.description)
        }
        if let reason = waitUntilWarm() {
            stop()
            throw Failure(reason: reason)
        }
    }

    /// Nil once a run was forked from a warm interpreter.
    private func waitUntilWarm() -> String? {
        let request = BlockingClient.post(#"{"language":"python","code":"print(1)"}"#)
        var last = "nobody listens"
        for _ in 0..<400 {
            usleep(50_000)
            var status: Int32 = 0
            if waitpid(pid, &status, WNOHANG) == pid { return "the service ended at its start" }
            guard let client = BlockingClient(path: socket) else { continue }
            guard let answer = try? client.exchange(request) else { continue }
            let text = String(decoding: answer.body, as: UTF8.self)
            if answer.status == 200, text.contains(#""start":"forked""#) { return nil }
            last = String(text.prefix(300))
        }
        return "no warm run within 20 s: \(last)"
    }

    var tree: ServiceTree { ServiceTree(root: pid) }

    /// Ends it as an operator would; after ten seconds the hard way.
    func stop() {
        kill(pid, SIGTERM)
        for attempt in 0..<1_200 {
            var status: Int32 = 0
            if waitpid(pid, &status, WNOHANG) != 0 { break }
            if attempt == 1_000 { kill(pid, SIGKILL) }
            usleep(10_000)
        }
        Self.remove(data)
    }

    private static func remove(_ path: String) {
        var state = stat()
        guard lstat(path, &state) == 0 else { return }
        if state.st_mode & S_IFMT == S_IFDIR {
            chmod(path, 0o700)
            for name in SmallFile.names(in: path) { remove(path + "/" + name) }
            rmdir(path)
        } else {
            unlink(path)
        }
    }
}
