internal import Domain
internal import JSON

/// Reads the events of a cell while they come.
struct CellStream {
    let place: ServicePlace
    /// What SIGINT does.
    let interrupt: () -> Void

    private static let mostBytes = 256 << 20

    func read(_ request: [UInt8], take: (CellNews) -> Void) throws(ServiceQuery.Failure) -> CellNews {
        var parser = HTTPResponseParser(mostBody: Self.mostBytes)
        var line: [UInt8] = []
        var last: CellNews?
        do {
            guard let connection = try UnixConnection(place) else { throw Self.gone }
            var interrupts = Interrupts()
            try connection.send(request, interrupts: interrupts)
            while true {
                let bytes: [UInt8]
                do { bytes = try connection.receive(interrupts: interrupts) } catch UnixConnection.Failure
                    .interrupted
                {
                    interrupt()
                    interrupts = Interrupts()
                    continue
                }
                let response = bytes.isEmpty ? try parser.end() : try parser.take(bytes)
                for byte in parser.takeBodySoFar() {
                    guard byte == 0x0a else {
                        line.append(byte)
                        continue
                    }
                    if let news = Self.news(line) {
                        last = news
                        take(news)
                    }
                    line = []
                }
                guard let response else { continue }
                guard response.status == 200 else { throw Self.refusal(response) }
                guard let last else { throw SessionJSON.malformed }
                return last
            }
        } catch let failure as ServiceQuery.Failure {
            throw failure
        } catch { throw Self.gone }
    }

    private static let gone = ServiceQuery.Failure(
        message: "the connection to the service broke", code: ExitCode.engineFailed)

    private static func news(_ line: [UInt8]) -> CellNews? {
        guard !line.isEmpty, let value = try? JSONParser.parse(line), case .object(let object) = value,
            case .string(let event) = object["event"]
        else { return nil }
        return CellNews(event: event, object: object)
    }

    private static func refusal(_ response: HTTPResponseParser.Response) -> ServiceQuery.Failure {
        let error = ServiceBackend.error(in: response.body)
        return ServiceQuery.Failure(
            message: error?.message ?? "the service answered \(response.status)",
            code: response.status >= 500 ? ExitCode.engineFailed : ExitCode.wrongUsage)
    }
}
