internal import Domain
internal import Glibc
internal import Posix

/// Where a command finds the service: at a socket of this machine, or at a URL.
enum ServicePlace: Hashable, Sendable {
    case socket(String)
    case remote(ServiceURL, key: String?)

    /// A service that cannot be reached, in words.
    struct Unreachable: Error { var message: String }

    /// What a person calls it.
    var name: String {
        switch self {
        case .socket(let path): path
        case .remote(let url, _): url.text
        }
    }

    /// The head of a request, of which the body follows.
    func head(
        _ method: String, _ path: String, bodyLength: Int?, more: [(name: String, value: String)] = []
    ) -> [UInt8] {
        var head = ""
        switch self {
        case .socket: head = "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\n"
        case .remote(let url, let key):
            head = "\(method) \(url.prefix)\(path) HTTP/1.1\r\nHost: \(url.host)\r\n"
            if let key { head += "Authorization: Bearer \(key)\r\n" }
        }
        if let bodyLength {
            head += "Content-Type: application/json\r\nContent-Length: \(bodyLength)\r\n"
        }
        for field in more { head += "\(field.name): \(field.value)\r\n" }
        return Array((head + "\r\n").utf8)
    }

    /// A connected socket that no child inherits; nil where no service listens on this machine.
    ///
    /// - Throws: For a URL, why its server cannot be reached.
    func connect() throws(Unreachable) -> Descriptor? {
        switch self {
        case .socket(let path): return UnixConnection.open(path: path)
        case .remote(let url, _): return try Self.tunnel(to: url)
        }
    }

    /// By a program beside this one, which has a loader: names, proxies and TLS need libraries.
    private static func tunnel(to url: ServiceURL) throws(Unreachable) -> Descriptor {
        guard let folder = Process.folderOfBinary() else {
            throw Unreachable(message: "/proc/self/exe does not tell where diatom-courier lies")
        }
        do throws(SystemFailure) {
            var ends = try Pair.streams()
            var status = try Pair.pipe()
            _ = try ChildProcess.start(
                folder + "/diatom-courier", ["relay", url.text], environment: Process.proxies,
                descriptors: [(ends.second.rawValue, 0), (status.second.rawValue, 1)])
            _ = ends.takeSecond()
            _ = status.takeSecond()
            let said = Self.read(status.first.rawValue)
            guard said == "ok" else {
                throw SystemFailure(operation: said.isEmpty ? "diatom-courier ended" : said, code: 0)
            }
            return ends.takeFirst()
        } catch {
            let why = error.code == 0 ? error.operation : "\(error)"
            throw Unreachable(message: "the service at \(url.text) cannot be reached: \(why)")
        }
    }

    private static func read(_ descriptor: Int32) -> String {
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 512)
        while text.count < 4_096 {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            text += buffer[..<count]
        }
        return String(decoding: text, as: UTF8.self)
    }
}

extension Invocation {
    /// The same for those who run programs.
    func place() throws(RunBackend.Failure) -> ServicePlace {
        do throws(UsageError) { return try servicePlace() } catch {
            throw .request(RequestError(.invalidValue, error.message))
        }
    }

    /// `--data` says which of this machine's services; else `DIATOM_URL`, with `DIATOM_API_KEY`, one of another.
    func servicePlace() throws(UsageError) -> ServicePlace {
        let here = ServicePlace.socket(dataFolder + "/" + DataFolder.socketName)
        guard parsed.value(RunFlags.data) == nil, let text = environment["DIATOM_URL"], !text.isEmpty else {
            return here
        }
        guard let url = ServiceURL(parsing: text) else {
            throw UsageError(
                "DIATOM_URL: '\(text.shortened(to: 100))', where http://HOST:PORT or https://HOST was expected"
            )
        }
        let key = environment["DIATOM_API_KEY"].flatMap { $0.isEmpty ? nil : $0 }
        guard key?.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) != false else {
            throw UsageError(
                "DIATOM_API_KEY holds what no key holds: a space, a line or a letter beyond ASCII")
        }
        guard key == nil || url.isSecure || url.isLoopback || environment["DIATOM_INSECURE"] == "1" else {
            throw UsageError(
                "DIATOM_URL is http, by which DIATOM_API_KEY could be read on its way; use https, or set DIATOM_INSECURE=1"
            )
        }
        return .remote(url, key: key)
    }
}
