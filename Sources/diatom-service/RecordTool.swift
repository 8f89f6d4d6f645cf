internal import CJail
internal import Domain
internal import Glibc
internal import Posix
internal import Records
internal import Storage

/// What `diatom backup` and `diatom restore` become: `backup FILE DATA`, `restore FILE DATA [--replace]`.
///
/// The file is opened by whoever calls, and the store as the user whose it is: root never writes into its folder.
enum RecordTool {
    static func isMeant(_ arguments: [String]) -> Bool {
        arguments.first.map { ["backup", "restore"].contains($0) } ?? false
    }

    static func run(_ arguments: [String]) async throws {
        guard arguments.count >= 3 else { fail("\(arguments[0]): FILE and DATA were expected", code: 2) }
        let (file, data) = (arguments[1], arguments[2])
        guard Records.exist(in: data) || arguments[0] == "restore" else {
            fail("backup: there is no store in \(data); name the service's --data", code: 1)
        }
        FolderPath.make(data)
        switch arguments[0] {
        case "backup": try await backUp(data, to: file)
        default: try restore(data, from: file, replaces: arguments.contains("--replace"))
        }
    }

    private static func backUp(_ data: String, to file: String) async throws {
        let target = Descriptor(
            adopting: try check("open \(file)") { open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600) }
        )
        do {
            try becomeOwner(of: data)
            let draft = data + "/backup.\(getpid())"
            defer { unlink(draft) }
            let records = try await Records(folder: data)
            defer { unlink(draft + ".tmp") }
            try await records.backUp(to: draft)
            await records.close()
            let source = Descriptor(
                adopting: try check("open the draft") { open(draft, O_RDONLY | O_CLOEXEC) })
            try copy(source.rawValue, to: target.rawValue)
        } catch {
            // As the store's user it may be in a folder that is closed to it; an empty file says enough then.
            unlink(file)
            throw error
        }
    }

    private static func restore(_ data: String, from file: String, replaces: Bool) throws {
        let source = Descriptor(adopting: try check("open \(file)") { open(file, O_RDONLY | O_CLOEXEC) })
        try becomeOwner(of: data)
        // Locks the folder: no service may run there.
        let lock = try FileIdempotencyStore(folder: data + "/idempotency")
        let draft = data + "/restore.\(getpid())"
        defer { unlink(draft) }
        do {
            let target = Descriptor(
                adopting: try check("open the draft") {
                    open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
                })
            try copy(source.rawValue, to: target.rawValue)
        }
        let verdict = try Records.restore(from: draft, to: data, replaces: replaces)
        if case .intact(let entries, let heads) = verdict {
            print("restored; the audit log is intact: \(entries) entries, \(heads) signed heads")
        }
        withExtendedLifetime(lock) {}
    }

    private static func becomeOwner(of data: String) throws(SystemFailure) {
        var state = stat()
        try check("stat \(data)") { stat(data, &state) }
        guard geteuid() == 0, state.st_uid != 0 else { return }
        let (user, group) = (state.st_uid, state.st_gid)
        try checkCode("become user \(user)") { cjail_become_user(user, group) }
    }

    private static func copy(_ source: Int32, to target: Int32) throws(SystemFailure) {
        while true {
            let count = try check("copy") { sendfile(target, source, nil, 1 << 24) }
            if count == 0 { break }
        }
        try check("fsync") { fsync(target) }
    }
}
