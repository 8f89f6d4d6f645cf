internal import Domain
internal import Glibc
internal import JSON
internal import Synchronization

/// Runs a program through the service.
///
/// A request is sent once: what broke after it was sent may have run, and is never tried again. Hanging up
/// is what cancels a run there.
final class ServiceBackend: Sendable {
    /// Output is bounded by its limit, collected files by the disk limit; this is beyond what is sensible.
    static let largestResponse = 256 << 20

    private let connection: Mutex<UnixConnection?>
    private let idempotencyKey: String?
    private let place: ServicePlace
    private let usesCache: Bool

    /// Connects, or is nil when no service listens on this machine.
    ///
    /// `usesCache`: Whether what the service knows of an identical run will do.
    init?(
        _ place: ServicePlace, idempotencyKey: String?, usesCache: Bool = false
    ) throws(ServicePlace.Unreachable) {
        guard let connection = try UnixConnection(place) else { return nil }
        self.connection = Mutex(consume connection)
        self.idempotencyKey = idempotencyKey
        self.place = place
        self.usesCache = usesCache
    }

    func run(_ request: RunRequest, interrupts: Interrupts) throws(RunBackend.Failure) -> RunResult {
        // Who repeats a request by its key may come when much has been said already: it gets all of it at the end.
        let streams = idempotencyKey == nil
        let json = RunRequestWriter.json(of: request, usesCache: usesCache, streams: streams)
        var events = RunEventReader()
        let response = try exchange(
            head(length: json.count, streams: streams) + json, interrupts: interrupts
        ) { (bytes) throws(RunBackend.Failure) in try events.take(bytes) }
        try check(response)
        return try events.end()
    }

    /// Sends a request as it is and returns the result as it is.
    ///
    /// - Throws: `.request` when the service says that the request is wrong; nothing ran then.
    func forward(_ json: [UInt8], interrupts: Interrupts) throws(RunBackend.Failure) -> [UInt8] {
        let response = try exchange(head(length: json.count) + json, interrupts: interrupts)
        try check(response)
        return response.body
    }

    private func check(_ response: HTTPResponseParser.Response) throws(RunBackend.Failure) {
        guard response.status != 200 else { return }
        if let error = Self.error(in: response.body) { throw .request(error) }
        throw .broken("the service answered with HTTP status \(response.status)")
    }

    private func head(length: Int, streams: Bool = false) -> [UInt8] {
        var more = [(name: "Connection", value: "close")]
        if streams { more.append(("Accept", "application/x-ndjson")) }
        if let idempotencyKey { more.append(("Idempotency-Key", idempotencyKey)) }
        return place.head("POST", "/v1/runs", bodyLength: length, more: more)
    }

    /// `take`: Gets the body of a success as it comes; where there is none, the response has it.
    private func exchange(
        _ request: [UInt8], interrupts: Interrupts,
        take: ((_ body: [UInt8]) throws(RunBackend.Failure) -> Void)? = nil
    ) throws(RunBackend.Failure) -> HTTPResponseParser.Response {
        guard let connection = connection.withLock({ $0.take() }) else {
            throw .broken("a connection serves one run")
        }
        var parser = HTTPResponseParser(mostBody: Self.largestResponse)
        do {
            try connection.send(request, interrupts: interrupts)
            while true {
                let bytes = try connection.receive(interrupts: interrupts)
                let response = bytes.isEmpty ? try parser.end() : try parser.take(bytes)
                if let take { try take(parser.takeBodySoFar()) }
                if let response { return response }
            }
        } catch let failure as RunBackend.Failure {
            throw failure
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
