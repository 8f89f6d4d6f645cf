/// A piece of code for a context.
package struct CellRequest: Sendable {
    package enum OnError: String, Hashable, Sendable, CaseIterable { case keep, rollback }

    package var code: String
    /// The context's id; nil for its language's default one.
    package var context: String?
    package var language: String?
    /// What becomes of what a cell has done that does not succeed.
    package var onError = OnError.keep
    package var wall = Duration.seconds(300)
    package var cpu = Duration.seconds(300)
    package var output = ByteCount(bytes: 1 << 20)
    /// Set while it runs.
    package var env: [EnvironmentVariable] = []
    /// Whether somebody may answer what it asks for; else its `input()` ends at once.
    package var answersInput = false

    package init(code: String) { self.code = code }
}

/// What happens while a cell runs, in order.
package enum CellEvent: Sendable {
    case started(cell: String, context: String)
    case output(RunEvent.Output)
    /// The value of its last expression.
    case result(RichResult)
    /// What it shows by itself.
    case display(RichResult)
    case inputRequest(InputRequest)
    case error(GuestError)
    case rolledBack
}

package struct InputRequest: Hashable, Sendable {
    package var id: String
    package var prompt: String
    package var isPassword: Bool

    package init(id: String, prompt: String, isPassword: Bool) {
        self.id = id
        self.prompt = prompt
        self.isPassword = isPassword
    }
}

/// How a cell ended.
package struct CellResult: Sendable {
    package var verdict: Verdict
    package var context: String
    package var executionCount: Int?
    package var stdout: [UInt8] = []
    package var stderr: [UInt8] = []
    package var stdoutCut = false
    package var stderrCut = false
    /// Results and displays, in order.
    package var results: [RichResult] = []
    package var error: GuestError?
    /// What went wrong with the context itself, in our words.
    package var failure: String?
    package var usage = Usage()
    package var isRolledBack = false

    package init(verdict: Verdict, context: String) {
        self.verdict = verdict
        self.context = context
    }
}

/// What could stand where the cursor is.
package struct Completions: Hashable, Sendable {
    package var matches: [String]
    /// The part of the code that they take the place of, in characters.
    package var start: Int
    package var end: Int

    package init(matches: [String], start: Int, end: Int) {
        self.matches = matches
        self.start = start
        self.end = end
    }
}
