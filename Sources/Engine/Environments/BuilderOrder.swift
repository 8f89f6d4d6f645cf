internal import CAssets
internal import Domain
internal import Glibc
internal import JSON
internal import Posix
internal import Storage
internal import Workers

/// What a build sandbox is told, and the sandbox itself: its program, its limits, its network.
struct BuilderOrder {
    enum Work {
        /// Finds wheels that fit together, and fetches those that are not here.
        case resolve([Requirement], known: [String], built: [WheelLease], builds: Bool)
        /// Makes a wheel of a source distribution.
        case build(name: String, source: WheelLease, with: [WheelLease])
        /// Lays wheels out for a place in sandboxes.
        case install([WheelLease], place: String)
    }

    static let uv = "/opt/diatom/uv/bin/uv"
    /// Whose sandboxes they are: nobody's who asks.
    private static let key = KeyID("environments")
    private static let order = "order.json"
    private static let program = ".diatom-builder.py"
    private static let certificates = "certificates.pem"
    private static let usualCertificates = "/etc/ssl/certs/ca-certificates.crt"

    var work: Work
    var python: String
    var index: LibraryIndex
    var size: ByteCount

    func step() throws(RequestError) -> StepOrder {
        var files = [try file(Self.program, Self.builder)]
        let authorities = Self.authorities(index)
        if let authorities { files.append(try file(Self.certificates, authorities)) }
        files.append(try file(Self.order, json(hasCertificates: authorities != nil)))
        var step = StepOrder(
            host: .exec, arguments: [python, "-I", "/home/user/\(Self.program)"].map { Array($0.utf8) },
            environment: [
                EnvironmentVariable(name: "PATH", value: "/usr/bin:/bin"),
                EnvironmentVariable(name: "HOME", value: "/home/user"),
                EnvironmentVariable(name: "LANG", value: "C.UTF-8"),
            ], files: files, stdin: .bytes([]), limits: limits, key: Self.key)
        if case .resolve = work, index.url != nil {
            // The operator's own index, wherever it is: pip reaches it there, too.
            step.privateEndpoints = try index.endpoints()
            step.network = NetworkPolicy(allow: step.privateEndpoints)
        }
        return step
    }

    var limits: Limits {
        var limits = Limits(.compile)
        limits.wall = .seconds(300)
        limits.cpu = .seconds(600)
        limits.memory = size
        limits.disk = size
        limits.files = EnvironmentDraft.mostFiles
        limits.output = ByteCount(bytes: size.bytes * 2)
        limits.processes = 128
        limits.cpuPercent = 400
        return limits
    }

    private func file(_ name: String, _ content: [UInt8]) throws(RequestError) -> SourceFile {
        guard let path = try? WorkspacePath(parsing: name) else {
            throw RequestError(.invalidValue, "libraries: '\(name)' is no path")
        }
        return SourceFile(path: path, content: content)
    }

    private static let builder: [UInt8] = {
        let asset = cassets_python_builder()
        return Array(UnsafeBufferPointer(start: asset.bytes, count: asset.length))
    }()

    private static func authorities(_ index: LibraryIndex) -> [UInt8]? {
        let raw = open(index.certificates ?? usualCertificates, O_RDONLY | O_CLOEXEC)
        guard raw >= 0 else { return nil }
        let file = Descriptor(adopting: raw)
        return try? SmallFile.read(file.rawValue, limit: 8 << 20)
    }

    private func json(hasCertificates: Bool) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("uv", Self.uv)
        writer.member("python", python)
        writer.name("certificates")
        writer.value(hasCertificates ? "/home/user/\(Self.certificates)" : nil)
        switch work {
        case .resolve(let requirements, let known, let built, let builds):
            writer.member("verb", "resolve")
            writer.member("requirements", requirements.map(\.description))
            writer.member("known", known)
            writer.member(
                "built", built.map { String($0.place[..<($0.place.lastIndex(of: "/") ?? $0.place.endIndex)]) }
            )
            writer.name("builds")
            writer.value(builds)
            writer.name("index")
            writer.value(index.url)
            writer.member("extra", index.more)
            writer.member("links", index.shownFolders.indices.map { "\(LibraryIndex.place)/\($0)" })
            writer.name("most_bytes")
            writer.value(size.bytes * 3 / 4)
        case .build(let name, let source, let wheels):
            writer.member("verb", "build")
            writer.member("name", name)
            writer.member("source", source.place)
            writer.member("wheels", wheels.map(\.place))
        case .install(let wheels, let place):
            writer.member("verb", "install")
            writer.member("wheels", wheels.map(\.place))
            writer.member("place", place)
        }
        writer.endObject()
        return writer.bytes
    }
}

extension LibraryIndex {
    /// Where sandboxes find ``shownFolders``, by their number.
    static let place = "/diatom/links"
}

extension JSONWriter {
    fileprivate mutating func member(_ name: StaticString, _ value: String) {
        self.name(name)
        self.value(value)
    }

    fileprivate mutating func member(_ name: StaticString, _ values: [String]) {
        self.name(name)
        beginArray()
        for value in values { self.value(value) }
        endArray()
    }
}
