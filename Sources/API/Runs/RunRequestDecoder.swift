package import Domain
internal import JSON

/// Makes a run request of the bytes of a JSON body, or says exactly what is wrong with them.
package struct RunRequestDecoder: Sendable {
    package static let largestBody = ByteCount.mebibytes(64)

    static let fields = [
        "language", "code", "files", "entry", "stdin", "args", "env", "libraries", "build", "limits",
        "network",
        "collect",
        "start", "check", "profile", "cache", "rich", "seed", "tests", "compile_limits", "check_types",
        "priority",
        "deadline_ms", "store", "webhook", "stream",
    ]

    let maxima: LimitMaxima
    private let languages: any LanguageDirectory
    private let webhooks: Webhooks?

    package init(maxima: LimitMaxima, languages: any LanguageDirectory, webhooks: Webhooks? = nil) {
        self.webhooks = webhooks
        self.maxima = maxima
        self.languages = languages
    }

    /// Decodes a whole body.
    ///
    /// - Throws: ``RequestError`` that names the field, its value (shortened), what is allowed and, where
    ///   there is one, the way out. Nothing that a request asks for is ever ignored.
    package func decode(_ body: [UInt8]) throws(RequestError) -> (request: RunRequest, options: RunOptions) {
        guard body.count <= Self.largestBody.bytes else { throw .bodyTooLarge }
        let reader = try ObjectReader(try JSONParser.parse(body), path: "", known: Self.fields)
        try refuseMissingFeatures(reader)
        let language = try language(reader)
        let sources = try SourceReader(languages: languages).read(reader, language: language)
        var request = RunRequest(language: language, files: sources.files)
        request.entry = sources.entry
        request.stdin = .bytes(try reader.bytes("stdin") ?? [])
        request.args = try ProcessReader.arguments(reader)
        request.env = try ProcessReader.environment(reader)
        request.collect = try collect(reader)
        request.limits = try LimitsReader(maxima: maxima).read(reader, "limits", step: .run)
        request.compileLimits = try LimitsReader(maxima: maxima).read(
            reader, "compile_limits", step: .compile)
        request.start = try reader.choice("start", RunRequest.Start.self) ?? .warm
        request.rich = try reader.bool("rich")
        request.libraries = try LibraryReader.read(reader)
        request.buildsLibraries = try reader.bool("build")
        request.profile = try reader.bool("profile")
        if reader.optional("check_types") != nil { request.checkTypes = try reader.bool("check_types") }
        request.seed = try seed(reader)
        request.tests = try TestReader.read(reader)
        request.network = try NetworkReader.read(reader)
        request.priority = try reader.count("priority", from: 0, through: 9) ?? 5
        request.deadline = try deadline(reader)
        let options = try options(reader)
        guard !options.usesCache || request.network.isNone else {
            throw reader.error(
                .invalidValue, "cache",
                "what has a network may come to something else each time; leave one out")
        }
        return (request, options)
    }

    private func language(_ reader: ObjectReader) throws(RequestError) -> String? {
        guard let name = try reader.string("language") else { return nil }
        guard languages.defaultEntry(for: name) != nil else {
            throw RequestError(
                .unknownLanguage,
                "language: '\(name.shortened(to: 64))' is not known; GET /v1/languages lists what is",
                field: "language")
        }
        return name
    }

    private func options(_ reader: ObjectReader) throws(RequestError) -> RunOptions {
        var options = RunOptions()
        options.store = try reader.choice("store", RunOptions.Store.self) ?? .all
        options.streams = try reader.bool("stream")
        options.usesCache = try reader.bool("cache")
        options.webhook = try WebhookReader(webhooks: webhooks).read(reader)
        return options
    }

    private func deadline(_ reader: ObjectReader) throws(RequestError) -> Duration? {
        guard reader.optional("deadline_ms") != nil else { return nil }
        return try reader.count("deadline_ms", from: 1, through: 86_400_000).map(Duration.milliseconds)
    }

    private func seed(_ reader: ObjectReader) throws(RequestError) -> UInt32? {
        guard let value = reader.optional("seed") else { return nil }
        guard case .number(let number) = value, let seed = number.integer.flatMap(UInt32.init(exactly:))
        else {
            throw reader.wrong("seed", value, expected: "null or a whole number from 0 to \(UInt32.max)")
        }
        return seed
    }

    private func collect(_ reader: ObjectReader) throws(RequestError) -> [String] {
        var patterns: [String] = []
        for (index, value) in (try reader.array("collect", most: 100) ?? []).enumerated() {
            let name = "collect[\(index)]"
            guard case .string(let pattern) = value else {
                throw reader.wrong(name, value, expected: "a pattern")
            }
            if let problem = Self.problem(ofPattern: pattern) {
                throw reader.error(.invalidValue, name, "\(value.summary) \(problem)")
            }
            patterns.append(pattern)
        }
        return patterns
    }

    private static func problem(ofPattern pattern: String) -> String? {
        let bytes = pattern.utf8
        if bytes.isEmpty { return "is empty" }
        if bytes.count > WorkspacePath.longestPath {
            return "is \(bytes.count) bytes long; the longest is \(WorkspacePath.longestPath)"
        }
        if bytes.first == UInt8(ascii: "/") { return "is absolute; patterns are relative to the workspace" }
        if bytes.contains(where: { $0 < 0x20 || $0 == 0x7f }) { return "holds a control character" }
        if bytes.split(separator: UInt8(ascii: "/")).contains(where: { $0.elementsEqual("..".utf8) }) {
            return "leads out of the workspace"
        }
        return nil
    }
}

extension RunRequestDecoder {
    /// Refuses by name what the contract has and this version has not.
    private func refuseMissingFeatures(_ reader: ObjectReader) throws(RequestError) {
        if let check = try reader.choice("check", RunRequest.Check.self), check != .off {
            throw missing(reader, "check", "'\(check.rawValue)'")
        }
    }

    private func missing(_ reader: ObjectReader, _ name: String, _ value: String) -> RequestError {
        reader.error(
            .unsupported, name, "\(value) asks for what this version does not have; leave the field out")
    }
}

extension RequestError {
    package static var bodyTooLarge: RequestError {
        let most = RunRequestDecoder.largestBody.wholeMebibytes
        return RequestError(.tooLarge, "the body is larger than \(most) MiB; send less code, stdin or files")
    }
}
