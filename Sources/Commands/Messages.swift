internal import Domain
internal import Glibc

/// Lines for people, on standard output and standard error.
struct Messages: Sendable {
    private let coloured: Bool
    /// Whether standard output is a terminal that wants colours.
    let isColourful: Bool

    init(environment: [String: String]) {
        let refused = !(environment["NO_COLOR"] ?? "").isEmpty || environment["TERM"] == "dumb"
        coloured = !refused && isatty(2) == 1
        isColourful = !refused && isatty(1) == 1
    }

    func print(_ text: String) { DescriptorOutput.writeAll(Array((text + "\n").utf8), to: 1) }

    /// What is being done while a person waits.
    func progress(_ text: String) { note("diatom:", text, colour: 36) }

    func complain(_ message: String) { note("diatom:", message, colour: 31) }

    /// The line that says why a run ended as it did.
    func status(_ status: RunStatus, _ reason: String) {
        note("diatom: \(status.rawValue):", reason, colour: status == .succeeded ? 32 : 31)
    }

    private func note(_ head: String, _ text: String, colour: Int) {
        let head = coloured ? "\u{1b}[1;\(colour)m\(head)\u{1b}[0m" : head
        DescriptorOutput.writeAll(Array("\(head) \(text)\n".utf8), to: 2)
    }
}
