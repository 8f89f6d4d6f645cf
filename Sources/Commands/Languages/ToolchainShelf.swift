internal import Glibc
internal import Languages
internal import Posix

/// `diatom languages add` and `remove`: which folder a language's programs are taken from.
struct ToolchainShelf {
    private let invocation: Invocation
    private let messages: Messages

    init(_ invocation: Invocation) {
        self.invocation = invocation
        messages = Messages(environment: invocation.environment)
    }

    func add(_ name: String, folder given: String) throws(UsageError) -> Int32 {
        let pack = try LanguageCatalogue().known(name)
        let folder = try check(given)
        let found = try programs(of: pack, in: folder)
        return try change("\(pack.id): uses \(found.joined(separator: ", "))") { $0[pack.id] = folder }
    }

    func remove(_ name: String) throws(UsageError) -> Int32 {
        let pack = try LanguageCatalogue().known(name)
        guard try shelf()[pack.id] != nil else {
            throw UsageError("\(pack.id): no toolchain was added; nothing to remove")
        }
        return try change("\(pack.id): uses the machine's own again") { $0[pack.id] = nil }
    }

    private func shelf() throws(UsageError) -> Toolchains {
        do throws(Toolchains.Unreadable) { return try Toolchains.load(invocation.toolchainFile) } catch {
            throw UsageError("\(error)")
        }
    }

    private func change(
        _ message: String, by body: (inout Toolchains) -> Void
    ) throws(UsageError) -> Int32 {
        var toolchains = try shelf()
        body(&toolchains)
        guard toolchains.folders.count <= Toolchains.most else {
            throw UsageError("there are \(Toolchains.most) toolchains already; remove one first")
        }
        do throws(SystemFailure) {
            try toolchains.save(to: invocation.toolchainFile)
        } catch {
            messages.complain("languages: \(error)")
            return 1
        }
        messages.print(message)
        return 0
    }

    /// What sandboxes have of their own; a folder there would be hidden.
    private static let hiding = ["/proc", "/sys", "/dev", "/tmp", "/home/user", "/diatom", "/etc", "/run"]

    private func check(_ given: String) throws(UsageError) -> String {
        guard let resolved = realpath(given, nil) else {
            throw UsageError("--path \(given): \(String(cString: strerror(errno)))")
        }
        defer { free(resolved) }
        let folder = String(cString: resolved)
        var state = stat()
        guard stat(folder, &state) == 0, state.st_mode & S_IFMT == S_IFDIR else {
            throw UsageError("--path \(given): is no folder")
        }
        guard Toolchains.isFolder(folder), folder != "/" else {
            throw UsageError(
                "--path \(given): must have 2 to \(Toolchains.longestPath) characters without spaces and '#'")
        }
        if let root = Self.hiding.first(where: { folder == $0 || folder.hasPrefix($0 + "/") }) {
            throw UsageError(
                "--path \(given): sandboxes have a \(root) of their own, which hides it; use another folder")
        }
        guard state.st_mode & 0o005 == 0o005 else {
            throw UsageError("--path \(given): is closed to other users; chmod o+rx it")
        }
        return folder
    }

    /// The programs that the folder has of those that the language needs.
    private func programs(of pack: LanguagePack, in folder: String) throws(UsageError) -> [String] {
        let using = pack.using(toolchain: folder)
        let found = using.requires.values.compactMap { candidates in
            candidates.first { $0.hasPrefix(folder + "/") && access($0, X_OK) == 0 }
        }
        guard !found.isEmpty else {
            let names = pack.requires.keys.sorted().joined(separator: ", ")
            throw UsageError(
                "--path \(folder): none of \(names) is in its bin, its usr/bin, or itself")
        }
        if let missing = using.missing {
            throw UsageError(
                "--path \(folder): lacks \(missing.programs.joined(separator: ", ")), which \(pack.id) needs too"
            )
        }
        return found.sorted()
    }
}
