/// What the headers of a request with a JSON body must say of it.
enum ContentRules {
    /// - Throws: 415 unless the body is plain, unencoded JSON in UTF-8.
    static func requireJSON(_ headers: HTTPHeaders) throws(APIError) {
        let parts = (headers["content-type"] ?? "").lowercased().split(separator: ";").map(trimmed)
        guard parts.first == "application/json", headers.count("content-type") == 1 else {
            throw .unsupportedMediaType("Content-Type: must be application/json")
        }
        for part in parts.dropFirst() where part.hasPrefix("charset=") {
            guard ["charset=utf-8", "charset=\"utf-8\""].contains(part) else {
                throw .unsupportedMediaType("Content-Type: the charset of JSON is utf-8")
            }
        }
        guard ["", "identity"].contains(trimmed((headers["content-encoding"] ?? "")[...].lowercased()[...]))
        else {
            throw .unsupportedMediaType("Content-Encoding: send the body as it is, or with gzip or deflate")
        }
    }

    private static func trimmed(_ text: Substring) -> String {
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        var text = text.drop(while: isSpace)
        while let last = text.last, isSpace(last) { text.removeLast() }
        return String(text)
    }
}
