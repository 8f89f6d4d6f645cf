extension Command {
    private static let replace = CommandOption(
        "replace", "put a store aside that is there already (records.db.before)")

    static let backup = Command(
        name: "backup", summary: "write the store of a data directory to one file",
        usage: ["backup FILE [--data DIR]"],
        details: """
            Runs, keys (their hashes), the audit log with its signing key, usage and files, as they are at one moment; the
            service may go on. The file is for its owner alone, is whole or not there, and replaces none.
            """,
        options: [RunFlags.data],
        examples: [("diatom backup /var/backups/diatom-2026-11-26", "all that 'diatom restore' needs")],
        body: { (invocation) throws(UsageError) in
            ServiceProgram.become("backup", ["backup"] + (try words(invocation)), invocation)
        })

    static let restore = Command(
        name: "restore", summary: "make the store of a data directory from a backup",
        usage: ["restore FILE [--data DIR] [--replace]"],
        details: """
            The backup is checked first, its audit log as well; what is damaged is not restored. No service may run in the
            data directory.
            """,
        options: [RunFlags.data, replace],
        examples: [("diatom restore /var/backups/diatom-2026-11-26 --replace", "go back to it")],
        body: { (invocation) throws(UsageError) in
            let more = invocation.parsed.has(replace) ? ["--replace"] : []
            return ServiceProgram.become("restore", ["restore"] + (try words(invocation)) + more, invocation)
        })

    private static func words(_ invocation: Invocation) throws(UsageError) -> [String] {
        guard invocation.parsed.operands.count == 1 else { throw UsageError("one FILE was expected") }
        return [invocation.parsed.operands[0], invocation.dataFolder]
    }
}
