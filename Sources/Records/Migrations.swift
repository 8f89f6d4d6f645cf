internal import Domain

/// The shape of the store, as steps from an empty one; each is taken once, and all of one in a transaction.
enum Migrations {
    /// "dtmR": how a file is known to be a store of Diatom's.
    static let applicationID: Int64 = 0x6474_6d52

    static func bringUp(_ database: Database) throws(StorageFailure) {
        let application = try database.number("PRAGMA application_id")
        let version = Int(try database.number("PRAGMA user_version"))
        let isEmpty = try database.number("SELECT count(*) FROM sqlite_schema") == 0
        guard application == applicationID || (application == 0 && isEmpty) else {
            throw StorageFailure("the store's file belongs to another program")
        }
        guard version <= steps.count else {
            throw StorageFailure(
                "the store is of a newer Diatom (its version is \(version), this one knows \(steps.count)); "
                    + "use that one, or restore an older backup")
        }
        for step in version..<steps.count {
            try database.execute(
                "BEGIN IMMEDIATE; \(steps[step]); PRAGMA user_version = \(step + 1); "
                    + "PRAGMA application_id = \(applicationID); COMMIT")
        }
    }

    static let steps = [
        """
        CREATE TABLE keys (
            id TEXT PRIMARY KEY, secret_hash BLOB NOT NULL UNIQUE, name TEXT NOT NULL, user TEXT,
            scopes TEXT NOT NULL, allowance TEXT NOT NULL, prefix TEXT NOT NULL,
            created INTEGER NOT NULL, expires INTEGER, revoked INTEGER) WITHOUT ROWID;
        CREATE TABLE runs (
            id TEXT PRIMARY KEY, key TEXT NOT NULL, state TEXT NOT NULL, language TEXT NOT NULL, version TEXT,
            status TEXT, exit_code INTEGER, signal INTEGER, limit_name TEXT, cached INTEGER NOT NULL,
            policy TEXT, created INTEGER NOT NULL, ended INTEGER, queued INTEGER NOT NULL, wall INTEGER,
            cpu INTEGER, memory_peak INTEGER, output_bytes INTEGER NOT NULL, http_status INTEGER)
            WITHOUT ROWID;
        CREATE INDEX runs_by_key ON runs (key, id);
        CREATE TABLE contents (
            run TEXT PRIMARY KEY, bytes INTEGER NOT NULL, request BLOB, result BLOB);
        CREATE INDEX contents_by_size ON contents (bytes);
        CREATE TABLE artifacts (
            run TEXT NOT NULL, path TEXT NOT NULL, type TEXT NOT NULL, size INTEGER NOT NULL,
            sha256 TEXT NOT NULL, PRIMARY KEY (run, path)) WITHOUT ROWID;
        CREATE INDEX artifacts_by_content ON artifacts (sha256, size);
        CREATE TABLE tallies (
            hour INTEGER NOT NULL, key TEXT NOT NULL, language TEXT NOT NULL, status TEXT NOT NULL,
            runs INTEGER NOT NULL, cpu INTEGER NOT NULL, wall INTEGER NOT NULL, output INTEGER NOT NULL,
            PRIMARY KEY (hour, key, language, status)) WITHOUT ROWID;
        CREATE TABLE audit (
            number INTEGER PRIMARY KEY, time INTEGER NOT NULL, level TEXT NOT NULL, kind TEXT NOT NULL,
            key TEXT NOT NULL, user TEXT, subject TEXT, status TEXT, language TEXT, policy TEXT, note TEXT,
            hash BLOB NOT NULL);
        CREATE TABLE heads (
            number INTEGER PRIMARY KEY, time INTEGER NOT NULL, hash BLOB NOT NULL, signature BLOB NOT NULL,
            signer BLOB NOT NULL)
        """,
        """
        CREATE TABLE results (
            address TEXT PRIMARY KEY, key TEXT NOT NULL, created INTEGER NOT NULL, used INTEGER NOT NULL,
            bytes INTEGER NOT NULL, answer BLOB NOT NULL);
        CREATE INDEX results_by_use ON results (used);
        CREATE INDEX results_by_size ON results (bytes);
        """,
        """
        CREATE TABLE deliveries (
            run TEXT PRIMARY KEY, key TEXT NOT NULL, url TEXT NOT NULL, secret BLOB, trace TEXT,
            state TEXT NOT NULL, body BLOB, bytes INTEGER NOT NULL, attempts INTEGER NOT NULL, due INTEGER,
            status INTEGER, problem TEXT, created INTEGER NOT NULL, finished INTEGER);
        CREATE INDEX deliveries_by_due ON deliveries (state, due);
        CREATE INDEX deliveries_by_key ON deliveries (key, state, bytes);
        """,
    ]
}
