internal import Domain

/// What a program made of its network, in words.
struct NetworkReport {
    private let messages: Messages

    init(_ messages: Messages) { self.messages = messages }

    /// Says what was refused; and, in full, what went through.
    func print(_ use: NetworkUse, inFull: Bool) {
        for denial in use.denials {
            messages.complain("network: \(denial.target) is refused: \(Self.words(denial.reason))")
        }
        if inFull {
            messages.complain(
                "network: \(use.connections) connections, \(use.failed) failed, \(use.denied) refusals, "
                    + "\(use.sent.bytes) bytes sent, \(use.received.bytes) received")
        }
    }

    private static func words(_ reason: NetworkDenial.Reason) -> String {
        switch reason {
        case .notAllowed: "no --network allows it"
        case .privateAddress: "its address is not public"
        case .limit: "more than one run may have"
        }
    }
}
