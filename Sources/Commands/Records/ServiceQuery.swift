internal import Domain
internal import JSON

/// One question to the service that listens in the data directory, and its answer.
struct ServiceQuery {
    /// What a person is told when it did not work.
    struct Failure: Error {
        var message: String
        var code: Int32
    }

    private let socket: String

    init(_ invocation: Invocation) { socket = invocation.dataFolder + "/" + DataFolder.socketName }

    /// - Returns: The body of an answer that is a success.
    func ask(_ method: String, _ path: String, _ body: [UInt8]? = nil) throws(Failure) -> [UInt8] {
        guard let client = BlockingClient(path: socket) else {
            throw Failure(
                message: "no service listens at \(socket); start it with 'diatom serve', or name its --data",
                code: ExitCode.engineFailed)
        }
        var head = "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\n"
        if let body { head += "Content-Type: application/json\r\nContent-Length: \(body.count)\r\n" }
        let answer: HTTPResponseParser.Response
        do throws(BlockingClient.Failure) {
            answer = try client.exchange(Array((head + "\r\n").utf8) + (body ?? []))
        } catch {
            throw Failure(message: "the connection to the service broke", code: ExitCode.engineFailed)
        }
        guard (200..<300).contains(answer.status) else {
            throw Failure(
                message: Self.message(in: answer.body) ?? "the service answered \(answer.status)",
                code: answer.status >= 500 ? ExitCode.engineFailed : ExitCode.wrongUsage)
        }
        return answer.body
    }

    private static func message(in body: [UInt8]) -> String? {
        guard case .object(let object)? = try? JSONParser.parse(body),
            case .object(let error)? = object["error"],
            case .string(let message)? = error["message"]
        else { return nil }
        return message
    }

    /// What may stand in a path or a query as it is.
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for byte in text.utf8 {
            let character = Character(UnicodeScalar(byte))
            if byte < 0x80, character.isLetter || character.isNumber || "-._~:".contains(character) {
                escaped.append(character)
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                escaped += "%" + (digits.utf8.count == 1 ? "0" : "") + digits
            }
        }
        return escaped
    }
}

extension Invocation {
    /// Asks, and shows what came back, or why nothing did.
    func answer(_ body: (ServiceQuery) throws(ServiceQuery.Failure) -> Int32) -> Int32 {
        do throws(ServiceQuery.Failure) { return try body(ServiceQuery(self)) } catch {
            Messages(environment: environment).complain(error.message)
            return error.code
        }
    }
}
