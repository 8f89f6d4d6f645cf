/// A command line that cannot be meant; one line, and exit code 2.
struct UsageError: Error, Hashable {
    var message: String

    init(_ message: String) { self.message = message }
}
