internal import Glibc

extension Command {
    static let serve = Command(
        name: "serve",
        summary: "start the service: the HTTP API on loopback, or where it is told, and on a unix socket",
        usage: ["serve [OPTION…]"],
        details: """
            Starts 'diatom-service', which lies beside this program; all options are its own.
            'diatom run' uses a service that listens in the same data directory.
            """,
        examples: [
            ("diatom serve --data /tmp/diatom", "listen at 127.0.0.1:3428 and on /tmp/diatom/diatom.sock"),
            ("diatom serve --preload numpy,pandas", "keep both imported in the warm Python host"),
        ],
        passesArguments: true,
        body: { (invocation) throws(UsageError) in
            ServiceProgram.become("serve", invocation.words, invocation)
        })
}

/// `diatom-service`, which lies beside this program.
enum ServiceProgram {
    /// Becomes it; returns only where that failed, with the exit code that says so.
    static func become(_ name: String, _ words: [String], _ invocation: Invocation) -> Int32 {
        let messages = Messages(environment: invocation.environment)
        guard let folder = Process.folderOfBinary() else {
            messages.complain(
                "\(name): /proc/self/exe does not tell where diatom-service lies; start it by hand")
            return ExitCode.engineFailed
        }
        let code = Process.become(folder + "/diatom-service", arguments: words)
        let reason = String(cString: strerror(code))
        messages.complain(
            "\(name): exec of diatom-service beside this program failed: \(reason) (errno \(code))")
        return ExitCode.engineFailed
    }
}
