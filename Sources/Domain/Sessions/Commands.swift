/// A program to be started in a session.
package struct CommandRequest: Sendable {
    package struct Terminal: Hashable, Sendable {
        package var rows: Int
        package var columns: Int

        package init(rows: Int, columns: Int) {
            self.rows = rows
            self.columns = columns
        }
    }

    /// The program and its arguments.
    package var arguments: [String]
    package var cwd: String?
    package var env: [EnvironmentVariable] = []
    package var terminal: Terminal?
    package var stdin: [UInt8]?
    /// Whether its input stays open for what is sent later.
    package var keepsInput = false
    /// How long it may run; nil as long as the session.
    package var wall: Duration?

    package init(arguments: [String]) { self.arguments = arguments }
}

package enum CommandEvent: Sendable {
    case output(RunEvent.Output)
    case ended(CommandEnd)
}

package struct CommandEnd: Hashable, Sendable {
    package var exitCode: Int32?
    package var signal: Int32?
    /// Why it did not start, or why it was ended, where it was not the program.
    package var reason: String?

    package init(exitCode: Int32? = nil, signal: Int32? = nil, reason: String? = nil) {
        self.exitCode = exitCode
        self.signal = signal
        self.reason = reason
    }
}

package struct CommandInfo: Hashable, Sendable {
    package var pid: Int
    package var arguments: [String]
    package var cwd: String?
    package var isTerminal: Bool
    /// Nanoseconds since 1970.
    package var started: Int64

    package init(pid: Int, arguments: [String], cwd: String?, isTerminal: Bool, started: Int64) {
        self.pid = pid
        self.arguments = arguments
        self.cwd = cwd
        self.isTerminal = isTerminal
        self.started = started
    }
}
