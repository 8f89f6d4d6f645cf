internal import Glibc
internal import Languages
internal import Posix

/// `diatom languages install`: runs Debian's and PyPI's own clients as root, and prints the commands otherwise.
struct LanguageInstaller {
    private let invocation: Invocation
    private let messages: Messages

    init(_ invocation: Invocation) {
        self.invocation = invocation
        messages = Messages(environment: invocation.environment)
    }

    func install(_ names: [String], all: Bool) throws(UsageError) -> Int32 {
        guard names.isEmpty != (all == false) else {
            throw UsageError(
                all ? "--all and named languages exclude each other" : "'install' needs a language, or --all")
        }
        let catalogue = try invocation.catalogue()
        var packs: [LanguagePack] = []
        if all {
            packs = (try? catalogue.all()) ?? []
        } else {
            for name in names { packs.append(try catalogue.known(name)) }
        }
        let missing = packs.filter { $0.missing != nil }
        for pack in packs where pack.missing == nil && !all { messages.print("\(pack.id): is installed") }
        let manual = missing.filter { !$0.install.isAutomatic }
        for pack in manual { messages.complain("languages: \(pack.id): \(pack.remedy)") }
        let failed = try carryOut(missing.filter(\.install.isAutomatic))
        return failed || (!all && !manual.isEmpty) ? 1 : 0
    }

    /// Returns whether something is still missing.
    private func carryOut(_ packs: [LanguagePack]) throws(UsageError) -> Bool {
        guard !packs.isEmpty else { return false }
        let pip = findProgram("pip3") ?? findProgram("pip")
        let plan = InstallPlan(packs, pip: pip)
        guard Process.isRoot else {
            messages.complain("languages: installing needs root; run:")
            for step in plan.commands {
                messages.print("sudo " + (step.isShell ? "sh -c '\(step.text)'" : step.text))
            }
            return true
        }
        umask(0o022)
        mkdir(Installation.folder, 0o755)
        for step in plan.commands where !run(step) && step.isDebian && packs.count > 1 {
            // Packages that exclude each other or are gone: what can be had is had one by one.
            let plans = packs.map { InstallPlan([$0], pip: pip) }
            for alone in plans.flatMap(\.commands) where alone.isDebian { _ = run(alone) }
        }
        let rest = packs.filter { $0.missing != nil }
        for pack in rest {
            let programs = pack.missing?.programs.joined(separator: ", ") ?? ""
            messages.complain("languages: \(pack.id) is still missing: \(programs) cannot be found")
        }
        for pack in packs where pack.missing == nil { messages.print("\(pack.id): installed") }
        return !rest.isEmpty
    }

    /// Returns whether it succeeded; why not is said.
    private func run(_ step: InstallPlan.Step) -> Bool {
        DescriptorOutput.writeAll(Array("+ \(step.text)\n".utf8), to: 2)
        let words = step.isShell ? ["sh", "-c"] + step.words : step.words
        guard let program = findProgram(words[0]) else {
            messages.complain("languages: there is no '\(words[0])' on this machine; is it Debian?")
            return false
        }
        var environment = invocation.environment
        environment["DEBIAN_FRONTEND"] = "noninteractive"
        environment["PIP_ROOT_USER_ACTION"] = "ignore"
        environment["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
        let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { close(null) }
        do throws(SystemFailure) {
            let pid = try ChildProcess.start(
                program, Array(words.dropFirst()), environment: environment.map { "\($0.key)=\($0.value)" },
                descriptors: [(null, 0), (2, 1), (2, 2)])
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0, errno == EINTR {}
            if status != 0 { messages.complain("languages: '\(step.text)' failed (status \(status >> 8))") }
            return status == 0
        } catch {
            messages.complain("languages: \(error)")
            return false
        }
    }

    private func findProgram(_ name: String) -> String? {
        if name.hasPrefix("/") { return access(name, X_OK) == 0 ? name : nil }
        let path =
            invocation.environment["PATH"] ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        return path.split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }
}
