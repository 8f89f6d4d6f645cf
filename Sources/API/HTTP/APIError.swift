package import Domain
internal import JSON

/// An error as a client of the API sees it.
package struct APIError: Error, Hashable, Sendable {
    package var status: Int
    package var code: String
    package var message: String
    package var field: String?
    package var headers = HTTPHeaders()

    package init(_ error: RequestError) {
        status = error.code.status
        code = error.code.rawValue
        message = error.message
        field = error.field
        guard status == 429 || status == 503 else { return }
        headers.append("Retry-After", "\(Self.wholeSeconds(error.retryAfter))")
    }

    /// The same as an answer that is handed on.
    var stored: StoredResponse {
        StoredResponse(status: status, body: body, retryAfter: headers["retry-after"].flatMap { Int($0) })
    }

    /// Rounded up, so that who waits that long does not come too early.
    private static func wholeSeconds(_ wait: Duration?) -> Int64 {
        guard let (seconds, rest) = wait?.components else { return 1 }
        return max(1, seconds + (rest > 0 ? 1 : 0))
    }

    init(_ error: RequestError, headers more: HTTPHeaders) {
        self.init(error)
        for field in more.fields { headers.append(field.name, field.value) }
    }

    private init(status: Int, code: String, message: String) {
        self.status = status
        self.code = code
        self.message = message
    }

    static func methodNotAllowed(_ method: String, allowed: [String]) -> APIError {
        let list = allowed.joined(separator: ", ")
        var error = APIError(
            status: 405, code: "method_not_allowed",
            message: "method: '\(method.shortened(to: 16))' is not possible here; \(list) is")
        error.headers.append("Allow", list)
        return error
    }

    static func rangeNotSatisfiable(_ size: Int) -> APIError {
        var error = APIError(
            status: 416, code: "range_not_satisfiable",
            message: "Range: the file has \(size) bytes and none of these")
        error.headers.append("Content-Range", "bytes */\(size)")
        return error
    }

    static func unsupportedMediaType(_ message: String) -> APIError {
        APIError(status: 415, code: "unsupported_media_type", message: message)
    }

    /// `{"error": {"code", "message", "field"}}`.
    package var body: [UInt8] {
        var writer = JSONWriter(capacity: 256)
        writer.beginObject()
        writer.name("error")
        writer.beginObject()
        writer.name("code")
        writer.value(code)
        writer.name("message")
        writer.value(message)
        writer.name("field")
        writer.value(field)
        writer.endObject()
        writer.endObject()
        return writer.bytes
    }

    package var response: HTTPResponse {
        var response = HTTPResponse.json(status, body)
        for field in headers.fields { response.headers.append(field.name, field.value) }
        return response
    }
}

extension RequestError.Code {
    /// The HTTP status that says the same.
    package var status: Int {
        switch self {
        case .malformed, .unknownField, .invalidValue, .limitTooHigh: 400
        case .unknownLanguage, .notInstalled, .unsupported, .environmentFailed: 422
        case .networkUnavailable, .isolationUnavailable: 422
        case .tooLarge: 413
        case .unauthorized: 401
        case .forbidden: 403
        case .notFound: 404
        case .conflict, .interrupted: 409
        case .busy: 429
        case .draining, .unreachable: 503
        }
    }
}
