/// One program to be run once, as the engine takes it: parsed, bounded, complete.
package struct RunRequest: Hashable, Sendable {
    package enum Start: String, Hashable, Sendable, CaseIterable { case warm, fresh }
    package enum Check: String, Hashable, Sendable, CaseIterable { case off, report, enforce }

    /// Id or alias of a language pack; nil asks for detection by the entry's name.
    package var language: String?
    package var files: [SourceFile]
    /// Path of the file to start; nil takes the pack's default name.
    package var entry: String?
    package var stdin: Stdin = .bytes([])
    package var args: [[UInt8]] = []
    package var env: [EnvironmentVariable] = []
    package var limits = Limits(.run)
    package var compileLimits = Limits(.compile)
    /// Glob patterns of files to give back.
    package var collect: [String] = []
    package var start: Start = .warm
    package var check: Check = .off
    package var profile = false
    /// Whether the value of a last expression, figures and tables are wanted.
    package var rich = false
    /// What the program's environment is to have, besides what its own files say.
    package var libraries: [Requirement] = []
    /// Whether libraries may be built of their source that have no wheel.
    package var buildsLibraries = false
    /// Whether the program's types are checked first; what is wrong then is told as a compiler's errors.
    package var checkTypes = false
    /// The key whose control group, pool and quota the run belongs to.
    package var key: KeyID = .local
    /// What the key may use; set by whoever looked at it.
    package var allowance = KeyAllowance()
    /// 0 to 9; a higher one leaves the queue before others of its key.
    package var priority = 5
    /// How long after its arrival the run is still worth starting.
    package var deadline: Duration?
    /// Run fresh with this hash seed.
    package var seed: UInt32?
    /// The libraries that the program finds, instead of the system's.
    package var environment: EnvironmentImage?
    /// Compile once, run each of these instead of one run.
    package var tests: [TestCase] = []
    /// What the program may reach; compiling reaches nothing.
    package var network = NetworkPolicy.none

    package init(language: String?, files: [SourceFile]) {
        self.language = language
        self.files = files
    }
}

/// A file that is laid into the workspace before a run.
package struct SourceFile: Hashable, Sendable {
    package var path: WorkspacePath
    package var content: [UInt8]
    package var executable: Bool

    package init(path: WorkspacePath, content: [UInt8], executable: Bool = false) {
        self.path = path
        self.content = content
        self.executable = executable
    }
}

/// One of several runs of the same program; what it leaves out is as the request has it.
package struct TestCase: Hashable, Sendable {
    package var stdin: [UInt8]?
    package var args: [[UInt8]]?

    package init(stdin: [UInt8]? = nil, args: [[UInt8]]? = nil) {
        self.stdin = stdin
        self.args = args
    }
}

/// What the guest reads on descriptor 0.
package enum Stdin: Hashable, Sendable {
    case bytes([UInt8])
    /// A descriptor whose bytes are copied to the guest as they come; borrowed, never closed here.
    ///
    /// The prefix was read from it already and goes to the guest first.
    case stream(descriptor: Int32, prefix: [UInt8] = [])
}

/// One variable of the guest's environment; neither part holds NUL, the name no `=`.
package struct EnvironmentVariable: Hashable, Sendable {
    package var name: String
    package var value: String

    package init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}
