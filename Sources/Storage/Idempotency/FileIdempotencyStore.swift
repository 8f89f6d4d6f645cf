package import Domain
internal import Posix
internal import Synchronization

/// Keeps claims and answers in a folder, so that they outlive the process, for 24 hours.
///
/// Every call returns after the disk has what it did. The work is done on a thread of the store's own.
package final class FileIdempotencyStore: IdempotencyStore {
    private let thread: BlockingThread
    private let folder: Mutex<ClaimFolder>
    private let now: @Sendable () -> Int64

    /// Opens or makes the folder; blocks, for it is called once, at the start.
    ///
    /// - Parameters:
    ///   - folder: Its parent must exist.
    ///   - now: Nanoseconds since 1970.
    /// - Throws: ``StorageFailure`` when the folder belongs to another user, others may write into it, or
    ///   another service uses it.
    package init(
        folder: String, now: @escaping @Sendable () -> Int64 = { WallClock.now() }
    ) throws(StorageFailure) {
        self.now = now
        self.folder = Mutex(try ClaimFolder.open(path: folder, now: now()))
        do throws(SystemFailure) {
            thread = try BlockingThread()
        } catch {
            throw StorageFailure(error.description)
        }
    }

    deinit { thread.stop() }

    package func begin(key: String, fingerprint: String) async throws(StorageFailure) -> IdempotencyClaim {
        try await perform { (folder: inout ClaimFolder) throws(SystemFailure) in
            try folder.begin(key, fingerprint, now: self.now())
        }
    }

    package func finish(key: String, response: StoredResponse) async throws(StorageFailure) {
        try await perform { (folder: inout ClaimFolder) throws(SystemFailure) in
            try folder.finish(key, response)
        }
    }

    package func release(key: String) async throws(StorageFailure) {
        try await perform { (folder: inout ClaimFolder) throws(SystemFailure) in try folder.release(key) }
    }

    private func perform<Value: Sendable>(
        _ work: @Sendable (inout ClaimFolder) throws(SystemFailure) -> Value
    ) async throws(StorageFailure) -> Value {
        do throws(SystemFailure) {
            return try await thread.perform { () throws(SystemFailure) -> Value in
                try self.folder.withLock { (folder: inout ClaimFolder) throws(SystemFailure) -> Value in
                    try work(&folder)
                }
            }
        } catch {
            throw StorageFailure(error.description)
        }
    }
}
