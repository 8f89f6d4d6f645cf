internal import Domain
internal import JSON

/// A run request as the API takes it; what is as by default is left out.
enum RunRequestWriter {
    static func json(of request: RunRequest, usesCache: Bool = false, streams: Bool = false) -> [UInt8] {
        var writer = JSONWriter(capacity: 512 + request.files.reduce(0) { $0 + $1.content.count * 3 / 2 })
        writer.beginObject()
        if let language = request.language {
            writer.name("language")
            writer.value(language)
        }
        writer.name("files")
        writer.beginArray()
        for file in request.files { write(file, to: &writer) }
        writer.endArray()
        if let entry = request.entry {
            writer.name("entry")
            writer.value(entry)
        }
        if case .bytes(let bytes) = request.stdin, !bytes.isEmpty {
            writer.name("stdin")
            writer.text(bytes)
        }
        writer.name("args")
        writer.beginArray()
        for argument in request.args { writer.value(String(decoding: argument, as: UTF8.self)) }
        writer.endArray()
        writer.name("env")
        writer.beginObject()
        for (name, value) in lastValues(request.env) {
            writer.name(escaping: name)
            writer.value(value)
        }
        writer.endObject()
        writeLimits(request.limits, to: &writer)
        writer.name("collect")
        writer.beginArray()
        for pattern in request.collect { writer.value(pattern) }
        writer.endArray()
        writer.name("start")
        writer.value(request.start.rawValue)
        writer.name("profile")
        writer.value(request.profile)
        if streams {
            writer.name("stream")
            writer.value(true)
        }
        if usesCache {
            writer.name("cache")
            writer.value(true)
        }
        if request.rich {
            writer.name("rich")
            writer.value(true)
        }
        if !request.libraries.isEmpty {
            writer.name("libraries")
            writer.beginArray()
            for library in request.libraries { writer.value(library.description) }
            writer.endArray()
        }
        if request.buildsLibraries {
            writer.name("build")
            writer.value(true)
        }
        if request.checkTypes {
            writer.name("check_types")
            writer.value(true)
        }
        if !request.tests.isEmpty { write(request.tests, to: &writer) }
        if let seed = request.seed {
            writer.name("seed")
            writer.value(Int(seed))
        }
        if !request.network.isNone { write(request.network, to: &writer) }
        writer.endObject()
        return writer.bytes
    }

    private static func write(_ network: NetworkPolicy, to writer: inout JSONWriter) {
        writer.name("network")
        writer.beginObject()
        writer.name("allow")
        writer.beginArray()
        for endpoint in network.allow { writer.value(endpoint.description) }
        writer.endArray()
        writer.endObject()
    }

    private static func write(_ tests: [TestCase], to writer: inout JSONWriter) {
        writer.name("tests")
        writer.beginArray()
        for test in tests {
            writer.beginObject()
            if let stdin = test.stdin {
                writer.name("stdin")
                writer.text(stdin)
            }
            if let args = test.args {
                writer.name("args")
                writer.beginArray()
                for argument in args { writer.value(String(decoding: argument, as: UTF8.self)) }
                writer.endArray()
            }
            writer.endObject()
        }
        writer.endArray()
    }

    private static func write(_ file: SourceFile, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.name("path")
        writer.value(file.path.description)
        writer.name("content")
        if (try? UTF8Span(validating: file.content.span)) != nil {
            writer.text(file.content)
        } else {
            var text: [UInt8] = []
            Base64.append(file.content, to: &text)
            writer.text(text)
            writer.name("encoding")
            writer.value("base64")
        }
        writer.endObject()
    }

    private static func writeLimits(_ limits: Limits, to writer: inout JSONWriter) {
        let usual = Limits(limits.step)
        writer.name("limits")
        writer.beginObject()
        for row in RunLimits.rows where row.get(limits) != row.get(usual) {
            writer.name(escaping: row.name.rawValue)
            writer.value(row.get(limits))
        }
        writer.endObject()
    }

    /// An object has each name once; the value given last counts, as it does in a shell.
    private static func lastValues(_ variables: [EnvironmentVariable]) -> [(String, String)] {
        var order: [String] = []
        var values: [String: String] = [:]
        for variable in variables where values.updateValue(variable.value, forKey: variable.name) == nil {
            order.append(variable.name)
        }
        return order.map { ($0, values[$0] ?? "") }
    }
}
