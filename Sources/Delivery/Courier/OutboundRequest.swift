package import Domain

/// A POST, or a mail, for somebody outside.
package struct OutboundRequest: Sendable {
    /// Of a body that a courier takes.
    package static let mostBody = 16 << 20

    package struct Mail: Sendable {
        package var from: String
        package var to: [String]

        package init(from: String, to: [String]) {
            self.from = from
            self.to = to
        }
    }

    package var url: String
    /// The only address that is connected to, and whose: the way of what strangers name.
    ///
    /// nil where libcurl may look the name up and ask proxies.
    package var pin: (endpoint: NetworkPolicy.Endpoint, address: IPAddress)?
    package var headers: [(name: String, value: String)] = []
    package var body: [UInt8]
    package var mail: Mail?
    package var credentials: (user: String, password: String)?
    /// From the first try to connect until the last byte of the answer.
    package var timeout: Duration = .seconds(10)

    package init(url: String, body: [UInt8]) {
        self.url = url
        self.body = body
    }

    /// As diatom-courier reads it.
    var order: [UInt8] {
        var lines = ["url \(url)", "timeout \(max(1, timeout.inNanoseconds / 1_000_000))"]
        if let pin {
            lines += [
                "resolve \(pin.endpoint.host):\(pin.endpoint.port):\(pin.address)", "address \(pin.address)",
            ]
        }
        if let mail { lines += ["from \(mail.from)"] + mail.to.map { "to \($0)" } }
        if let credentials { lines += ["user \(credentials.user)", "password \(credentials.password)"] }
        lines += headers.map { "header \($0.name): \($0.value)" }
        // A line end in a value would begin a line of its own.
        let head = lines.map { $0.filter { !$0.isNewline && $0 != "\0" } + "\n" }.joined()
        var bytes: [UInt8] = []
        for number in [UInt32(head.utf8.count), UInt32(body.count)] {
            withUnsafeBytes(of: number) { bytes += $0 }
        }
        return bytes + Array(head.utf8) + body
    }
}

/// What came of it.
package enum OutboundAnswer: Hashable, Sendable {
    /// An HTTP or SMTP status, and what was said with it, cut.
    case status(Int, [UInt8])
    /// Nobody answered, and why.
    case failed(String)
}
