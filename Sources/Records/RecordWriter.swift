internal import Domain
internal import Posix
internal import Synchronization

/// The one thread that writes.
///
/// What waits when a transaction ends goes into the next one together.
///
/// A write returns when it is committed: with the write-ahead log that survives the end of the process at any
/// moment, and the end of the machine but for the last moments.
final class RecordWriter: Sendable {
    private struct Ticket: Sendable {
        var number: Int
        var work: @Sendable (Database) throws(StorageFailure) -> Void
    }

    private struct State {
        var waiting: [Ticket] = []
        var next = 0
        var failures: [Int: StorageFailure] = [:]
        /// What the last transaction failed of; nil while all is well.
        var trouble: String?
    }

    private let thread: BlockingThread
    private let database: Mutex<Database>
    private let state = Mutex(State())

    init(path: String) throws(StorageFailure) {
        thread = try Self.thread()
        database = Mutex(try Self.open(path))
    }

    var trouble: String? { state.withLock { $0.trouble } }

    /// Does something in a transaction, with what others have waiting; what it throws undoes it alone.
    func write(
        _ work: @escaping @Sendable (Database) throws(StorageFailure) -> Void
    ) async throws(StorageFailure) {
        let number = state.withLock { state in
            state.next += 1
            state.waiting.append(Ticket(number: state.next, work: work))
            return state.next
        }
        await thread.perform { self.commit() }
        // Whoever came before on this thread may have done ours with theirs; either way it is over now.
        if let failure = state.withLock({ $0.failures.removeValue(forKey: number) }) { throw failure }
    }

    /// Does something outside a transaction, between two of them.
    func perform<Value: Sendable>(
        _ work: @Sendable (Database) throws(StorageFailure) -> Value
    ) async throws(StorageFailure) -> Value {
        try await thread.perform { () throws(StorageFailure) in
            try self.database.withLock { database throws(StorageFailure) in try work(database) }
        }
    }

    func stop() { thread.stop() }

    private func commit() {
        let tickets = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        guard !tickets.isEmpty else { return }
        let failures = database.withLock { database in Self.transact(tickets, database) }
        state.withLock { state in
            state.trouble = failures.all?.message
            for ticket in tickets {
                if let failure = failures.all ?? failures.single[ticket.number] {
                    state.failures[ticket.number] = failure
                }
            }
        }
    }

    /// - Returns: What failed: of the transaction, and so of everybody, or of some.
    private static func transact(
        _ tickets: [Ticket], _ database: Database
    ) -> (all: StorageFailure?, single: [Int: StorageFailure]) {
        var single: [Int: StorageFailure] = [:]
        do throws(StorageFailure) {
            try database.run("BEGIN IMMEDIATE")
            for ticket in tickets {
                try database.run("SAVEPOINT one")
                do throws(StorageFailure) { try ticket.work(database) } catch {
                    single[ticket.number] = error
                    try database.run("ROLLBACK TO one")
                }
                try database.run("RELEASE one")
            }
            try database.run("COMMIT")
            return (nil, single)
        } catch {
            try? database.execute("ROLLBACK")
            return (error, [:])
        }
    }

    static func thread() throws(StorageFailure) -> BlockingThread {
        do throws(SystemFailure) { return try BlockingThread() } catch {
            throw StorageFailure("the store's thread did not start: \(error)")
        }
    }

    private static func open(_ path: String) throws(StorageFailure) -> sending Database {
        let database = try Database(path: path)
        try database.execute(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; "
                + "PRAGMA cache_size = -8000; PRAGMA journal_size_limit = 67108864")
        try Migrations.bringUp(database)
        return database
    }
}
