internal import Domain
internal import JSON
internal import Telemetry

/// One line for each answered request, at debug.
struct AccessLog: Sendable {
    let log: Log

    var isOn: Bool { log.threshold.rawValue <= Log.Level.debug.rawValue }

    func note(_ request: HTTPRequest, _ response: HTTPResponse, id: String, took: Duration) {
        log(
            .debug, "http_request",
            [
                "request": id, "method": request.method.shortened(to: 16),
                "path": request.path.shortened(to: 256),
                "status": "\(response.status)", "ms": "\(took.inMilliseconds)",
            ])
    }
}
