internal import Domain
internal import Posix
internal import Synchronization

/// A thread that reads beside the one that writes, and sees what was committed last.
final class RecordReader: Sendable {
    private let thread: BlockingThread
    private let database: Mutex<Database>

    init(path: String) throws(StorageFailure) {
        thread = try RecordWriter.thread()
        database = Mutex(try Database(path: path, readOnly: true))
    }

    func read<Value: Sendable>(
        _ work: @Sendable (Database) throws(StorageFailure) -> Value
    ) async throws(StorageFailure) -> Value {
        try await thread.perform { () throws(StorageFailure) in
            try self.database.withLock { database throws(StorageFailure) in try work(database) }
        }
    }

    func stop() { thread.stop() }
}
