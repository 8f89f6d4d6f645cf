internal import Domain
internal import JSON

/// `/v1/audit`, `/v1/usage` and `/v1/stats`: what happened, and how much of it.
extension Application {
    private func auditLog() throws(APIError) -> any AuditLog {
        guard let audit = records.audit else {
            throw APIError(RequestError(.unsupported, "audit: this service keeps no audit log"))
        }
        return audit
    }

    func listAudit(_ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        let query = request.query
        try QueryReader.check(
            query,
            known: ["key", "user", "kind", "level", "since", "until", "after", "limit", "format"])
        let audit = try auditLog()
        var filter = AuditFilter()
        filter.key = query.value("key").map(KeyID.init)
        filter.user = try decoded("user", in: query)
        filter.kind = try QueryReader.choice("kind", in: query, AuditEvent.Kind.allCases)
        filter.level = try QueryReader.choice("level", in: query, AuditEvent.Level.allCases)
        filter.since = try QueryReader.time("since", in: query)
        filter.until = try QueryReader.time("until", in: query)
        let after = try QueryReader.count("after", in: query, 0...Int.max) ?? 0
        let format = try QueryReader.choice("format", in: query, AuditFormat.allCases) ?? .json
        if format != .json {
            let limit = try QueryReader.count("limit", in: query, 1...Int.max)
            return .audit(
                AuditExport(audit, filter, after: Int64(after), most: limit ?? .max, format: format))
        }
        let most = try QueryReader.count("limit", in: query, 1...1_000) ?? 100
        let wanted = filter
        let entries = try await answering { () async throws(StorageFailure) in
            try await audit.entries(wanted, after: Int64(after), most: most)
        }
        return .json(200, AuditEncoder.encode(entries, isLast: entries.count < most))
    }

    func verifyAudit(_ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        let audit = try auditLog()
        let verdict = try await answering { () async throws(StorageFailure) in try await audit.verify() }
        return .json(200, AuditEncoder.encode(verdict))
    }

    func showUsage(_ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        try QueryReader.check(request.query, known: ["since", "until", "key"])
        guard let history else { throw Self.keepsNoHistory }
        let now = WallClock.now()
        let key = try readableKey(request)
        let day: Int64 = 86_400_000_000_000
        let since = try QueryReader.time("since", in: request.query) ?? now / day * day
        let until = try QueryReader.time("until", in: request.query) ?? now
        let usage = try await answering { () async throws(StorageFailure) in
            try await history.usage(since: since, until: until)
        }
        let shown = usage.filter { key == nil || $0.key == key }
        return .json(200, UsageEncoder.encode(shown, since: since, until: until))
    }

    func showStatistics(_ request: HTTPRequest) async throws(APIError) -> HTTPResponse {
        try QueryReader.check(request.query, known: ["since", "until", "key", "language"])
        guard let history else { throw Self.keepsNoHistory }
        var filter = RunFilter()
        // A key that may see metrics sees how much there is of everything, and nothing of any run.
        filter.key =
            request.principal.may(.metrics)
            ? request.query.value("key").map(KeyID.init) : try readableKey(request)
        filter.language = language(request.query)
        filter.since = try QueryReader.time("since", in: request.query)
        filter.until = try QueryReader.time("until", in: request.query)
        let wanted = filter
        let statistics = try await answering { () async throws(StorageFailure) in
            try await history.statistics(wanted)
        }
        return .json(200, UsageEncoder.encode(statistics))
    }

    private func decoded(_ name: String, in query: [HTTPRequest.Parameter]) throws(APIError) -> String? {
        guard let text = query.value(name) else { return nil }
        guard let decoded = PercentEncoding.decode(text) else {
            throw QueryReader.wrong(name, text, "percent-encoded UTF-8")
        }
        return decoded
    }
}
