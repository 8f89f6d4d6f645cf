internal import CSQLite
internal import Domain

/// A connection to a SQLite database, used by one thread at a time.
///
/// Statements are prepared once and kept. All errors say what was done, what SQLite says, and never what was stored.
final class Database {
    /// What a statement binds, and a row holds.
    enum Value {
        case null
        case integer(Int64)
        case text(String)
        case blob([UInt8])

        static func integer(_ number: Int?) -> Value { number.map { .integer(Int64($0)) } ?? .null }
        static func time(_ time: Int64?) -> Value { time.map { .integer($0) } ?? .null }
        static func text(_ text: String?) -> Value { text.map { .text($0) } ?? .null }
        static func blob(_ bytes: [UInt8]?) -> Value { bytes.map { .blob($0) } ?? .null }
        static func duration(_ duration: Duration?) -> Value {
            duration.map { .integer($0.inNanoseconds) } ?? .null
        }
    }

    private var handle: OpaquePointer?
    private var statements: [String: OpaquePointer] = [:]

    init(path: String, readOnly: Bool = false) throws(StorageFailure) {
        let flags = readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
        let code = sqlite3_open_v2(path, &handle, flags | SQLITE_OPEN_NOMUTEX, nil)
        guard code == SQLITE_OK else { throw failure("open", code) }
        sqlite3_extended_result_codes(handle, 1)
        // Another process may write as well: the tool that makes keys while no service runs, or a backup.
        sqlite3_busy_timeout(handle, 5_000)
    }

    deinit {
        for statement in statements.values { sqlite3_finalize(statement) }
        sqlite3_close(handle)
    }

    /// Rows that the last statement changed.
    var changes: Int { Int(sqlite3_changes(handle)) }

    /// Runs statements that return nothing and bind nothing.
    func execute(_ sql: String) throws(StorageFailure) {
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw failure("statement", code) }
    }

    func run(_ sql: String, _ values: [Value] = []) throws(StorageFailure) {
        try each(sql, values) { _ in }
    }

    /// The first row, as a body makes it.
    func first<Result>(
        _ sql: String, _ values: [Value] = [], _ body: (Row) -> Result
    ) throws(StorageFailure) -> Result? {
        var result: Result?
        try each(sql, values) { row in if result == nil { result = body(row) } }
        return result
    }

    func all<Result>(
        _ sql: String, _ values: [Value] = [], _ body: (Row) -> Result
    ) throws(StorageFailure) -> [Result] {
        var results: [Result] = []
        try each(sql, values) { results.append(body($0)) }
        return results
    }

    func number(_ sql: String, _ values: [Value] = []) throws(StorageFailure) -> Int64 {
        try first(sql, values) { $0.integer(0) ?? 0 } ?? 0
    }

    func each(
        _ sql: String, _ values: [Value] = [], _ body: (Row) -> Void
    ) throws(StorageFailure) {
        let statement = try prepare(sql)
        defer {
            sqlite3_reset(statement)
            sqlite3_clear_bindings(statement)
        }
        for (index, value) in values.enumerated() { bind(value, Int32(index + 1), statement) }
        while true {
            let code = sqlite3_step(statement)
            if code == SQLITE_DONE { return }
            guard code == SQLITE_ROW else { throw failure("statement", code) }
            body(Row(statement: statement))
        }
    }

    private func prepare(_ sql: String) throws(StorageFailure) -> OpaquePointer? {
        if let known = statements[sql] { return known }
        var statement: OpaquePointer?
        let code = sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
        guard code == SQLITE_OK, let statement else { throw failure("prepare", code) }
        statements[sql] = statement
        return statement
    }

    private func bind(_ value: Value, _ index: Int32, _ statement: OpaquePointer?) {
        switch value {
        case .null: sqlite3_bind_null(statement, index)
        case .integer(let number): sqlite3_bind_int64(statement, index, number)
        case .text(var text):
            _ = text.withUTF8 { utf8 in
                utf8.withMemoryRebound(to: CChar.self) {
                    diatom_bind_text(statement, index, $0.baseAddress, Int32($0.count))
                }
            }
        case .blob(let bytes): diatom_bind_blob(statement, index, bytes, Int32(bytes.count))
        }
    }

    private func failure(_ what: String, _ code: Int32) -> StorageFailure {
        let said = handle.map { String(cString: sqlite3_errmsg($0)) } ?? String(cString: sqlite3_errstr(code))
        let way =
            switch code & 0xff {
            case SQLITE_FULL: "; make room on its disk"
            case SQLITE_BUSY, SQLITE_LOCKED: "; another process holds it"
            case SQLITE_READONLY, SQLITE_PERM, SQLITE_CANTOPEN: "; its folder must be the service's to write"
            case SQLITE_CORRUPT, SQLITE_NOTADB: "; restore a backup with 'diatom restore'"
            default: ""
            }
        return StorageFailure("the store's \(what) failed: \(said)\(way)")
    }
}

/// A row of a result, valid until the next.
struct Row {
    let statement: OpaquePointer?

    func integer(_ column: Int32) -> Int64? {
        sqlite3_column_type(statement, column) == SQLITE_NULL ? nil : sqlite3_column_int64(statement, column)
    }

    func int(_ column: Int32) -> Int? { integer(column).map(Int.init) }

    func duration(_ column: Int32) -> Duration? { integer(column).map { .nanoseconds($0) } }

    func text(_ column: Int32) -> String? {
        sqlite3_column_text(statement, column).map { String(cString: $0) }
    }

    func blob(_ column: Int32) -> [UInt8]? {
        guard sqlite3_column_type(statement, column) != SQLITE_NULL else { return nil }
        let count = Int(sqlite3_column_bytes(statement, column))
        guard count > 0, let bytes = sqlite3_column_blob(statement, column) else { return [] }
        return Array(UnsafeRawBufferPointer(start: bytes, count: count))
    }
}
