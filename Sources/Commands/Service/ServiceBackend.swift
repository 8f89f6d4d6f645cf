internal import Domain
internal import Glibc
internal import JSON
internal import Synchronization

/// Runs a program through the service that listens in the data directory.
///
/// A request is sent once: what broke after it was sent may have run, and is never tried again. Hanging up
/// is what cancels a run there.
final class ServiceBackend: Sendable {
    /// Output is bounded by its limit, collected files by the disk limit; this is beyond what is sensible.
    static let largestResponse = 256 << 20

    private let connection: Mutex<UnixConnection?>
    private let idempotencyKey: String?

    /// Connects, or is nil when no service listens.
    init?(socket: String, idempotencyKey: String?) {
        guard let connection = UnixConnection(path: socket) else { return nil }
        self.connection = Mutex(consume connection)
        self.idempotencyKey = idempotencyKey
    }

    func run(_ request: RunRequest, interrupts: Interrupts) throws(RunBackend.Failure) -> RunResult {
        let answer = try forward(RunRequestWriter.json(of: request), interrupts: interrupts)
        guard let result = RunResultReader.result(of: answer) else {
            throw .broken(
                "the service's answer is not a run result; are this program and the service of one version?")
        }
        let isWhole =
            DescriptorOutput.writeAll(result.stdout, to: 1) && DescriptorOutput.writeAll(result.stderr, to: 2)
        guard isWhole else { throw .nobodyReads }
        return result
    }

    /// Sends a request as it is and returns the result as it is.
    ///
    /// - Throws: `.request` when the service says that the request is wrong; nothing ran then.
    func forward(_ json: [UInt8], interrupts: Interrupts) throws(RunBackend.Failure) -> [UInt8] {
        let response = try exchange(head(length: json.count) + json, interrupts: interrupts)
        guard response.status != 200 else { return response.body }
        if let error = Self.error(in: response.body) { throw .request(error) }
        throw .broken("the service answered with HTTP status \(response.status)")
    }

    private func head(length: Int) -> [UInt8] {
        var head = "POST /v1/runs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        head += "Content-Type: application/json\r\nContent-Length: \(length)\r\n"
        if let key = idempotencyKey { head += "Idempotency-Key: \(key)\r\n" }
        return Array((head + "\r\n").utf8)
    }

    private func exchange(
        _ request: [UInt8], interrupts: Interrupts
    ) throws(RunBackend.Failure) -> HTTPResponseParser.Response {
        guard let connection = connection.withLock({ $0.take() }) else {
            throw .broken("a connection serves one run")
        }
        var parser = HTTPResponseParser(mostBody: Self.largestResponse)
        do {
            try connection.send(request, interrupts: interrupts)
            while true {
                let bytes = try connection.receive(interrupts: interrupts)
                guard !bytes.isEmpty else { return try parser.end() }
                if let response = try parser.take(bytes) { return response }
            }
        } catch UnixConnection.Failure.interrupted {
            throw .interrupted
        } catch {
            throw .broken(
                "the connection to the service broke after the request was sent (\(Self.words(error))); "
                    + "the program may have run, and is not run again")
        }
    }

    private static func words(_ error: any Error) -> String {
        switch error {
        case UnixConnection.Failure.lost(let code): String(cString: strerror(code))
        case HTTPResponseParser.Malformed.cutOff: "the answer was cut off"
        case HTTPResponseParser.Malformed.bodyTooLarge:
            "the answer is larger than \(largestResponse >> 20) MiB"
        default: "the answer is malformed"
        }
    }

    static func error(in body: [UInt8]) -> RequestError? {
        guard let document = try? JSONParser.parse(body), case .object(let whole) = document,
            case .object(let error) = whole["error"], case .string(let message) = error["message"],
            case .string(let code) = error["code"]
        else { return nil }
        var field: String?
        if case .string(let name) = error["field"] { field = name }
        return RequestError(.init(rawValue: code) ?? .unreachable, message.shortened(to: 2_000), field: field)
    }
}
