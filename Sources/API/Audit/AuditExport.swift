internal import Domain
internal import JSON
internal import Synchronization

enum AuditFormat: String, Hashable, Sendable, CaseIterable {
    case json, jsonl, csv

    var contentType: String {
        switch self {
        case .json: "application/json"
        case .jsonl: "application/x-ndjson"
        case .csv: "text/csv; charset=utf-8"
        }
    }
}

/// The audit log as a body that is read from the store while it is sent.
final class AuditExport: HTTPBodyStream {
    private static let pageSize = 500

    private struct State {
        var after: Int64
        var rest: Int
        var hasBegun = false
        var isOver = false
    }

    let format: AuditFormat
    private let audit: any AuditLog
    private let filter: AuditFilter
    private let state: Mutex<State>

    init(_ audit: any AuditLog, _ filter: AuditFilter, after: Int64, most: Int, format: AuditFormat) {
        self.audit = audit
        self.filter = filter
        self.format = format
        state = Mutex(State(after: after, rest: most))
    }

    func next() async throws(BrokenBody) -> [UInt8]? {
        let (after, most, begins) = state.withLock { state in
            defer { state.hasBegun = true }
            return (state.after, state.isOver ? 0 : min(state.rest, Self.pageSize), !state.hasBegun)
        }
        var bytes: [UInt8] = begins && format == .csv ? Array((Self.columns + "\r\n").utf8) : []
        guard most > 0 else { return bytes.isEmpty ? nil : bytes }
        let page: [AuditEntry]
        do throws(StorageFailure) {
            page = try await audit.entries(filter, after: after, most: most)
        } catch {
            cancel()
            throw BrokenBody()
        }
        state.withLock { state in
            state.rest -= page.count
            if let last = page.last { state.after = last.number }
            if page.count < most { state.isOver = true }
        }
        for entry in page { append(entry, to: &bytes) }
        return bytes.isEmpty ? nil : bytes
    }

    func cancel() { state.withLock { $0.isOver = true } }

    private static let columns =
        "number,time,level,kind,key,user,subject,status,language,policy,note,previous,hash"

    private func append(_ entry: AuditEntry, to bytes: inout [UInt8]) {
        guard format == .csv else {
            var writer = JSONWriter(capacity: 512)
            AuditEncoder.write(entry, to: &writer)
            bytes += writer.bytes
            bytes.append(0x0a)
            return
        }
        let event = entry.event
        let cells: [String?] = [
            String(entry.number), Timestamp.format(event.time), event.level.rawValue, event.kind.rawValue,
            event.key.description, event.user, event.subject, event.status?.rawValue, event.language,
            event.policy, event.note, entry.previous, entry.hash,
        ]
        bytes += cells.map { CSV.cell($0 ?? "") }.joined(separator: ",").utf8
        bytes += "\r\n".utf8
    }
}

extension HTTPResponse {
    static func audit(_ export: AuditExport) -> HTTPResponse {
        var response = HTTPResponse(
            status: 200,
            headers: HTTPHeaders([
                "Content-Type": export.format.contentType, "Cache-Control": "no-store",
                "X-Content-Type-Options": "nosniff",
                "Content-Disposition": "attachment; filename=\"audit.\(export.format.rawValue)\"",
            ]), body: [])
        response.body = .stream(export)
        return response
    }
}
