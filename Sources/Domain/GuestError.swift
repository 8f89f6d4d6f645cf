/// What a program says of its own failure, read from what it printed.
///
/// It is the guest's word: bounded, and never alone the basis of a verdict.
package struct GuestError: Hashable, Sendable {
    package struct Frame: Hashable, Sendable {
        package var file: String
        package var line: Int
        package var function: String

        package init(file: String, line: Int, function: String) {
            self.file = file
            self.line = line
            self.function = function
        }
    }

    package var name: String
    package var message: String
    package var file: String?
    package var line: Int?
    package var column: Int?
    package var frames: [Frame] = []
    /// The printed lines, the user's own frames only.
    package var traceback: [String] = []
    /// What could be done about it; our word, of what the guest says.
    package var hint: String?

    package init(name: String, message: String) {
        self.name = name
        self.message = message
    }
}
