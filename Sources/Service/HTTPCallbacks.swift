internal import API
internal import CMicroHTTPD
internal import JSON

/// What the daemon calls: C functions that find their object and hand on.
enum HTTPCallbacks {
    /// The table for a daemon, which it keeps alive until ``release(_:)``.
    static func calls(for daemon: HTTPDaemon) -> diatom_http_calls {
        diatom_http_calls(
            context: Unmanaged.passRetained(daemon).toOpaque(), handle: handleRequest,
            completed: requestCompleted,
            connection: connectionChanged, log: logLine)
    }

    static func release(_ calls: UnsafeMutablePointer<diatom_http_calls>?) {
        guard let calls else { return }
        if let context = calls.pointee.context { Unmanaged<HTTPDaemon>.fromOpaque(context).release() }
        calls.deallocate()
    }

    /// Queues an answer.
    static func send(
        _ response: HTTPResponse, _ connection: OpaquePointer, _ exchange: Exchange, owner: TaskOwner,
        isLast: Bool
    ) -> MHD_Result {
        let queued =
            switch response.body {
            case .bytes(let bytes):
                bytes.withUnsafeBytes { body in
                    MHD_create_response_from_buffer(
                        body.count, UnsafeMutableRawPointer(mutating: body.baseAddress), .RESPMEM_MUST_COPY)
                }
            case .stream(let body): stream(body, connection, exchange, owner)
            }
        guard let queued else { return .NO }
        defer { MHD_destroy_response(queued) }
        for field in response.headers.fields { MHD_add_response_header(queued, field.name, field.value) }
        if isLast { MHD_add_response_header(queued, "Connection", "close") }
        return MHD_queue_response(connection, UInt32(response.status), queued)
    }

    private static func stream(
        _ stream: any HTTPBodyStream, _ connection: OpaquePointer, _ exchange: Exchange, _ owner: TaskOwner
    ) -> OpaquePointer? {
        let sender = StreamSender(stream, ConnectionHandle(connection), owner: owner)
        exchange.isSent(by: sender)
        return diatom_http_stream(Unmanaged.passRetained(sender).toOpaque(), readStream, freeStream)
    }
}

private func readStream(
    _ context: UnsafeMutableRawPointer?, _ position: UInt64, _ buffer: UnsafeMutablePointer<CChar>?,
    _ most: Int
) -> Int {
    guard let sender = object(StreamSender.self, context) else { return DIATOM_HTTP_END }
    return sender.read(into: UnsafeMutableRawBufferPointer(start: buffer, count: most))
}

private func freeStream(_ context: UnsafeMutableRawPointer?) {
    if let context { Unmanaged<StreamSender>.fromOpaque(context).release() }
}

private func object<Object: AnyObject>(_ type: Object.Type, _ context: UnsafeMutableRawPointer?) -> Object? {
    context.map { Unmanaged<Object>.fromOpaque($0).takeUnretainedValue() }
}

private func handleRequest(
    _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?, _ path: UnsafePointer<CChar>?,
    _ method: UnsafePointer<CChar>?, _ version: UnsafePointer<CChar>?, _ piece: UnsafePointer<CChar>?,
    _ size: UnsafeMutablePointer<Int>?, _ slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
    guard let daemon = object(HTTPDaemon.self, context), let connection, let path, let method, let size,
        let slot
    else { return .NO }
    guard let exchange = object(Exchange.self, slot.pointee) else {
        guard let peer = object(Peer.self, diatom_http_peer(connection)) else { return .NO }
        var head = HTTPRequest(
            method: String(cString: method), path: String(cString: path), query: parameters(connection),
            headers: headers(connection))
        head.transport = peer.transport
        let exchange = daemon.begin(head, connection, peer)
        slot.pointee = Unmanaged.passRetained(exchange).toOpaque()
        guard let refusal = daemon.refusal(of: head.headers) else { return .YES }
        let marked = daemon.application.marked(refusal, for: head)
        return HTTPCallbacks.send(marked, connection, exchange, owner: daemon.owner, isLast: true)
    }
    if size.pointee > 0 {
        let goesOn = exchange.receive(UnsafeRawBufferPointer(start: piece, count: size.pointee))
        size.pointee = 0
        return goesOn ? .YES : .NO
    }
    let response: HTTPResponse?
    switch exchange.takeTurn() {
    case .start(let request): response = daemon.start(request, exchange)
    case .send(let ready): response = ready
    case .refuse(let refusal, let head): response = daemon.application.marked(refusal, for: head)
    case .wait: response = exchange.suspendUnlessAnswered()
    }
    guard let response else { return .YES }
    return HTTPCallbacks.send(
        response, connection, exchange, owner: daemon.owner,
        isLast: daemon.isRetired || daemon.application.isDraining)
}

private func requestCompleted(
    _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?,
    _ slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ how: MHD_RequestTerminationCode
) {
    guard let daemon = object(HTTPDaemon.self, context), let slot, let context = slot.pointee else { return }
    slot.pointee = nil
    let exchange = Unmanaged<Exchange>.fromOpaque(context).takeRetainedValue()
    daemon.ended(exchange, wasSent: how == .REQUEST_TERMINATED_COMPLETED_OK)
}

private func connectionChanged(
    _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?,
    _ slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ change: MHD_ConnectionNotificationCode
) {
    guard let daemon = object(HTTPDaemon.self, context), let connection, let slot else { return }
    if change == .CONNECTION_NOTIFY_STARTED {
        slot.pointee = daemon.connected(diatom_http_descriptor(connection)).map {
            Unmanaged.passRetained($0).toOpaque()
        }
    } else if let context = slot.pointee {
        slot.pointee = nil
        daemon.disconnected(Unmanaged<Peer>.fromOpaque(context).takeRetainedValue())
    }
}

private func logLine(_ context: UnsafeMutableRawPointer?, _ line: UnsafePointer<CChar>?) {
    guard let daemon = object(HTTPDaemon.self, context), let line else { return }
    daemon.log(.debug, "http_daemon", ["says": String(cString: line).shortened(to: 200)])
}

private func headers(_ connection: OpaquePointer) -> HTTPHeaders {
    var headers = HTTPHeaders()
    withUnsafeMutablePointer(to: &headers) { headers in
        _ = MHD_get_connection_values(
            connection, .HEADER_KIND,
            { context, _, name, value in
                guard let context, let name else { return .YES }
                let headers = context.assumingMemoryBound(to: HTTPHeaders.self)
                headers.pointee.append(String(cString: name), value.map { String(cString: $0) } ?? "")
                return .YES
            }, headers)
    }
    return headers
}

private func parameters(_ connection: OpaquePointer) -> [HTTPRequest.Parameter] {
    var parameters: [HTTPRequest.Parameter] = []
    withUnsafeMutablePointer(to: &parameters) { parameters in
        _ = MHD_get_connection_values(
            connection, .GET_ARGUMENT_KIND,
            { context, _, name, value in
                guard let context, let name else { return .YES }
                let parameters = context.assumingMemoryBound(to: [HTTPRequest.Parameter].self)
                parameters.pointee.append(
                    .init(name: String(cString: name), value: value.map { String(cString: $0) } ?? ""))
                return .YES
            }, parameters)
    }
    return parameters
}
