internal import Domain
internal import Glibc
internal import JSON
internal import Synchronization

/// Environments of the service, over one connection.
final class EnvironmentClient: Sendable {
    private let connection: Mutex<BlockingClient?>
    private let interrupts: Interrupts
    private let place: ServicePlace

    /// Connects, or is nil when no service listens on this machine.
    init?(_ place: ServicePlace, interrupts: Interrupts) throws(RunBackend.Failure) {
        do throws(ServicePlace.Unreachable) {
            // Reading every byte of a large environment takes its time.
            guard let connection = try BlockingClient(place, patience: 600) else { return nil }
            self.connection = Mutex(consume connection)
        } catch {
            throw .broken(error.message)
        }
        self.place = place
        self.interrupts = interrupts
    }

    /// The body of the answer.
    ///
    /// - Throws: `.request` with what the service says is wrong.
    func ask(_ method: String, _ path: String, body: [UInt8]? = nil) throws(RunBackend.Failure) -> [UInt8] {
        try exchange(method, path, body).body
    }

    /// Begins a build and follows it to its end.
    func build(_ wish: EnvironmentWish, progress: (String) -> Void) throws(RunBackend.Failure) -> [UInt8] {
        var answer = try exchange("POST", "/v1/environments?wait=false", Self.json(of: wish))
        var last = ""
        while let (id, text) = Self.building(answer.body) {
            if text != last { progress(text) }
            last = text
            if interrupts.came { throw .interrupted }
            usleep(100_000)
            answer = try exchange("GET", "/v1/environments/\(id)", nil)
        }
        return answer.body
    }

    /// The id and the progress of a build that has not ended.
    private static func building(_ json: [UInt8]) -> (id: String, progress: String)? {
        guard let value = try? JSONParser.parse(json), case .object(let object) = value,
            case .string("building") = object["state"], case .string(let id) = object["id"],
            EnvironmentRecord.isHash(id), case .string(let progress) = object["progress"]
        else { return nil }
        return (id, progress)
    }

    private static func json(of wish: EnvironmentWish) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.name("language")
        writer.value(wish.language ?? "python")
        writer.name("libraries")
        writer.beginArray()
        for library in wish.libraries { writer.value(library.description) }
        writer.endArray()
        writer.name("build")
        writer.value(wish.builds)
        writer.endObject()
        return writer.bytes
    }

    private func exchange(
        _ method: String, _ path: String, _ body: [UInt8]?
    ) throws(RunBackend.Failure) -> HTTPResponseParser.Response {
        let request = place.head(method, path, bodyLength: body?.count) + (body ?? [])
        let response: HTTPResponseParser.Response
        do throws(BlockingClient.Failure) {
            response = try connection.withLock { connection throws(BlockingClient.Failure) in
                guard let response = try connection?.exchange(request) else { throw .closed }
                return response
            }
        } catch {
            throw .broken("the connection to the service broke (\(error))")
        }
        if (200..<300).contains(response.status) { return response }
        if let error = ServiceBackend.error(in: response.body) { throw .request(error) }
        throw .broken("the service answered with HTTP status \(response.status)")
    }
}
