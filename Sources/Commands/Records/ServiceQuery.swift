internal import Domain
internal import JSON

/// One question to the service, and its answer.
struct ServiceQuery {
    /// What a person is told when it did not work.
    struct Failure: Error {
        var message: String
        var code: Int32
    }

    let place: ServicePlace

    init(_ invocation: Invocation) throws(Failure) {
        do throws(UsageError) { place = try invocation.servicePlace() } catch {
            throw Failure(message: error.message, code: ExitCode.wrongUsage)
        }
    }

    /// - Returns: The body of an answer that is a success.
    func ask(_ method: String, _ path: String, _ body: [UInt8]? = nil) throws(Failure) -> [UInt8] {
        let request = place.head(method, path, bodyLength: body?.count) + (body ?? [])
        let answer: HTTPResponseParser.Response
        do {
            guard let client = try BlockingClient(place) else { throw noService }
            answer = try client.exchange(request)
        } catch let failure as Failure {
            throw failure
        } catch let unreachable as ServicePlace.Unreachable {
            throw Failure(message: unreachable.message, code: ExitCode.engineFailed)
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

    private var noService: Failure {
        Failure(
            message: "no service listens at \(place.name); start it with 'diatom serve', or name its --data",
            code: ExitCode.engineFailed)
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
        do throws(ServiceQuery.Failure) { return try body(try ServiceQuery(self)) } catch {
            Messages(environment: environment).complain(error.message)
            return error.code
        }
    }
}
