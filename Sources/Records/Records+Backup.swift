package import Domain
internal import Glibc

/// One file that holds a whole store: a database like the store's own, with the artifacts and the signing key in it.
extension Records {
    /// Writes a backup while the store is used; the file is whole or not there.
    package func backUp(to path: String) async throws(StorageFailure) {
        guard access(path, F_OK) != 0 else {
            throw StorageFailure("\(path) is there already; name another file")
        }
        let draft = path + ".tmp"
        unlink(draft)
        let artifacts = artifacts
        let keys = [("audit.key", signingKey.text), ("webhook.key", webhookSigner.text)]
        let before = umask(0o077)
        defer { umask(before) }
        do throws(StorageFailure) {
            try await reader.read { database throws(StorageFailure) in
                try database.run("VACUUM INTO ?", [.text(draft)])
            }
            let copy = try Database(path: draft)
            try copy.execute(
                "PRAGMA journal_mode = DELETE; BEGIN; "
                    + "CREATE TABLE backup_files (name TEXT PRIMARY KEY, content BLOB NOT NULL)")
            let hashes = try copy.all("SELECT DISTINCT sha256 FROM artifacts") { $0.text(0) ?? "" }
            for hash in hashes {
                guard let content = try artifacts.content(hash) else { continue }
                try copy.run("INSERT INTO backup_files VALUES (?, ?)", [.text(hash), .blob(content)])
            }
            for (name, key) in keys {
                try copy.run(
                    "INSERT INTO backup_files VALUES (?, ?)", [.text(name), .blob(Array(key.utf8))])
            }
            try copy.execute("COMMIT")
        } catch {
            unlink(draft)
            throw error
        }
        guard rename(draft, path) == 0 else {
            throw StorageFailure("the backup cannot be moved to \(path): \(String(cString: strerror(errno)))")
        }
        var event = AuditEvent(.backupMade, key: .local)
        event.note = path.split(separator: "/").last.map(String.init)
        try await append(event)
    }

    /// Makes the store of a folder from a backup, which is checked first.
    ///
    /// `replaces`: Whether a store that is there may be put aside; it is kept as `records.db.before`.
    /// Returns: What the audit log's verification found.
    @discardableResult
    package static func restore(
        from path: String, to folder: String, replaces: Bool
    ) throws(StorageFailure) -> AuditVerdict {
        guard access(path, R_OK) == 0 else { throw StorageFailure("\(path) cannot be read") }
        guard replaces || !exist(in: folder) else {
            throw StorageFailure("\(folder) has a store already; --replace puts it aside")
        }
        let backup = try Database(path: path, readOnly: true)
        let (verdict, key) = try check(backup)
        let artifacts = try ArtifactFolder(folder + "/artifacts")
        let names = try backup.all("SELECT name FROM backup_files WHERE name NOT LIKE '%.key'") {
            $0.text(0) ?? ""
        }
        for name in names {
            let content = try backup.first(
                "SELECT content FROM backup_files WHERE name = ?", [.text(name)]
            ) { $0.blob(0) ?? [] }
            guard let content, try artifacts.keep(content) == name else {
                throw StorageFailure("the backup is damaged: an artifact is not what it was")
            }
        }
        let draft = Self.path(in: folder) + ".tmp"
        unlink(draft)
        try backup.run("VACUUM INTO ?", [.text(draft)])
        do {
            let copy = try Database(path: draft)
            try copy.execute("DROP TABLE backup_files; PRAGMA journal_mode = DELETE")
        }
        try putAside(folder)
        try RecordFile.write(folder + "/audit.key", Array((key + "\n").utf8))
        // Older backups have none; another is made then.
        if let key = try Self.key("webhook.key", in: backup) {
            try RecordFile.write(folder + "/webhook.key", Array((key + "\n").utf8))
        }
        guard rename(draft, Self.path(in: folder)) == 0 else {
            throw StorageFailure("the store cannot be moved into place: \(String(cString: strerror(errno)))")
        }
        return verdict
    }

    private static func check(_ backup: Database) throws(StorageFailure) -> (AuditVerdict, String) {
        guard try backup.number("PRAGMA application_id") == Migrations.applicationID else {
            throw StorageFailure("the file is no backup of Diatom's")
        }
        let integrity = try backup.first("PRAGMA integrity_check") { $0.text(0) ?? "" }
        guard integrity == "ok" else {
            throw StorageFailure("the backup is damaged: \(integrity ?? "unreadable")")
        }
        guard let text = try key("audit.key", in: backup),
            let key = Hexadecimal.decode(text).flatMap(SigningKey.init(seed:))
        else {
            throw StorageFailure("the backup is damaged: its signing key is missing")
        }
        let verdict = try AuditChain.verify(backup, signer: key.publicKey)
        if case .broken(let number, let why) = verdict {
            throw StorageFailure("the backup's audit log is broken at entry \(number): \(why)")
        }
        return (verdict, text)
    }

    private static func key(_ name: String, in backup: Database) throws(StorageFailure) -> String? {
        try backup.first("SELECT content FROM backup_files WHERE name = ?", [.text(name)]) {
            String(decoding: $0.blob(0) ?? [], as: UTF8.self)
        }
    }

    private static func putAside(_ folder: String) throws(StorageFailure) {
        let path = Self.path(in: folder)
        for suffix in ["", "-wal", "-shm"] where access(path + suffix, F_OK) == 0 {
            guard rename(path + suffix, path + ".before" + suffix) == 0 else {
                throw StorageFailure("the old store cannot be put aside: \(String(cString: strerror(errno)))")
            }
        }
    }
}
