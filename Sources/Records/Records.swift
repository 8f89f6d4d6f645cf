package import Domain
internal import Posix
internal import Synchronization

/// The store of a service that runs on one machine: SQLite and a folder of files.
///
/// All writes go through one thread and are committed in groups; reads see what was committed last.
package final class Records: Sendable {
    let folder: String
    package let settings: RecordSettings
    let writer: RecordWriter
    let reader: RecordReader
    let artifacts: ArtifactFolder
    /// What blocks for files; so neither reads of the database nor the pool wait for a disk.
    let filing: BlockingThread
    let signingKey: SigningKey
    let webhookSigner: SigningKey
    let unsigned = Mutex(0)

    /// Opens the store of a folder, or makes one there; runs that were under way when it was last used are lost.
    package init(
        folder: String, settings: RecordSettings = RecordSettings()
    ) async throws(StorageFailure) {
        self.folder = folder
        self.settings = settings
        signingKey = try SigningKey.ofFolder(folder, "audit.key")
        webhookSigner = try SigningKey.ofFolder(folder, "webhook.key")
        artifacts = try ArtifactFolder(folder + "/artifacts")
        filing = try RecordWriter.thread()
        writer = try RecordWriter(path: Self.path(in: folder))
        reader = try RecordReader(path: Self.path(in: folder))
    }

    static func path(in folder: String) -> String { folder + "/records.db" }

    /// Whether there is a store in a folder.
    package static func exist(in folder: String) -> Bool {
        (try? RecordFile.read(path(in: folder), most: 1)) ?? nil != nil
    }

    /// What the store could not do last; nil while all is well.
    package var trouble: String? { writer.trouble }

    /// By which the audit log is signed, in hexadecimal.
    package var publicKey: String { Hexadecimal.encode(signingKey.publicKey) }

    /// Whether a key was ever made.
    package func hasKeys() async throws(StorageFailure) -> Bool {
        try await reader.read { database throws(StorageFailure) in
            try database.number("SELECT count(*) FROM keys") > 0
        }
    }

    /// Writes that the runs which were under way when the service died are lost.
    ///
    /// - Returns: How many there were.
    @discardableResult
    package func loseInterrupted() async throws(StorageFailure) -> Int {
        let lost = try await reader.read { database throws(StorageFailure) in
            try database.all("SELECT id, key FROM runs WHERE state IN ('queued', 'running')") {
                ($0.text(0) ?? "", $0.text(1) ?? "")
            }
        }
        let now = WallClock.now()
        try await releaseHeld(now: now)
        guard !lost.isEmpty else { return 0 }
        try await writer.write { database throws(StorageFailure) in
            for (id, key) in lost {
                try database.run(
                    "UPDATE runs SET state = 'lost', status = 'engine_failed', ended = ? WHERE id = ?",
                    [.integer(now), .text(id)])
                var event = AuditEvent(.runEnded, level: .error, key: KeyID(key), time: now)
                event.subject = id
                event.status = .engineFailed
                event.note = "the service ended while it was under way"
                try AuditChain.append(event, to: database)
            }
        }
        return lost.count
    }

    /// Signs the last entry of the audit log, and closes.
    package func close() async {
        _ = try? await signHead()
        filing.stop()
        reader.stop()
        writer.stop()
    }

    func signHead() async throws(StorageFailure) {
        let key = signingKey
        try await writer.write { database throws(StorageFailure) in
            try AuditChain.sign(database, with: key, time: WallClock.now())
        }
        unsigned.withLock { $0 = 0 }
    }

    /// Notes that entries were added, and signs when it is time.
    func added(_ entries: Int) async {
        let isTime = unsigned.withLock { count in
            count += entries
            guard count >= settings.entriesPerHead else { return false }
            count = 0
            return true
        }
        if isTime { try? await signHead() }
    }
}
