internal import Domain
internal import Glibc
internal import JSON
internal import Posix

/// A service as a product has it, by TCP.
final class LoadService: Sendable {
    let service: BenchService
    let port: UInt16

    /// `more`: further arguments of `diatom serve`.
    init(_ bench: Bench, _ more: [String] = []) throws(BenchService.Failure) {
        port = try Self.freePort()
        service = try BenchService(
            program: bench.folder + "/diatom-service", allowed: bench.plan.allowed,
            more: ["--listen", "127.0.0.1:\(port)"] + more)
    }

    func stop() { service.stop() }

    func connect() throws(Bench.Unmeasured) -> LoadClient {
        guard let client = BlockingClient(port: port) else {
            throw Bench.Unmeasured(reason: "nobody listens at port \(port)")
        }
        return LoadClient(client)
    }

    /// The secret of a new key that may do everything without bounds.
    func makeKey(_ name: String) throws(Bench.Unmeasured) -> String {
        guard case .string(let secret) = try ask(.post(#"{"name":"\#(name)"}"#, "/v1/keys"))["secret"] else {
            throw Bench.Unmeasured(reason: "the service made no key")
        }
        return secret
    }

    /// How many runs its history knows.
    func runsKept() throws(Bench.Unmeasured) -> Int {
        guard case .number(let runs) = try ask(.get("/v1/stats"))["runs"], let count = runs.integer else {
            throw Bench.Unmeasured(reason: "the service has no statistics")
        }
        return count
    }

    /// Resident memory of the process that serves, in KB.
    var residentKilobytes: Int {
        service.tree.services.map { ServiceTree.kilobytes("VmRSS", of: $0.pid) }.last ?? 0
    }

    private enum Question {
        case get(String)
        case post(String, String)
    }

    /// By the unix socket, where the machine's own user may do everything.
    private func ask(_ question: Question) throws(Bench.Unmeasured) -> JSONObject {
        let request =
            switch question {
            case .get(let path): BlockingClient.get(path)
            case .post(let body, let path): BlockingClient.post(body, to: path)
            }
        guard let client = BlockingClient(path: service.socket), let answer = try? client.exchange(request),
            (200..<300).contains(answer.status), let value = try? JSONParser.parse(answer.body),
            case .object(let object) = value
        else { throw Bench.Unmeasured(reason: "the service does not answer at its socket") }
        return object
    }

    private static func freePort() throws(BenchService.Failure) -> UInt16 {
        let socket = Descriptor(
            adopting: Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket.rawValue, $0, length) != 0 ? -1 : getsockname(socket.rawValue, $0, &length)
            }
        }
        guard code == 0 else { throw BenchService.Failure(reason: "there is no free port") }
        return UInt16(bigEndian: address.sin_port)
    }
}

/// A connection that several rounds share.
final class LoadClient: Sendable {
    let client: BlockingClient

    init(_ client: consuming BlockingClient) { self.client = client }
}
