internal import Domain
internal import JSON

/// The error object of the API, for `--json`.
enum ErrorText {
    static func json(_ error: RequestError) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.name("error")
        writer.beginObject()
        writer.name("code")
        writer.value(error.code.rawValue)
        writer.name("message")
        writer.value(error.message)
        writer.name("field")
        writer.value(error.field)
        writer.endObject()
        writer.endObject()
        return writer.bytes + [UInt8(ascii: "\n")]
    }
}
